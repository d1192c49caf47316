// Makes runnable copies of services: reads [{from, to}] from standard input, transpiles TypeScript file by file,
// copies the rest. `outDir`, `rootDir` and `paths` of the nearest tsconfig.json are obeyed; workspaces are linked.
'use strict';

const fs = require('fs');
const path = require('path');
const ts = require('typescript');

const SOURCE = /(?<!\.d)\.[mc]?tsx?$/;
const compiled = (name) => name.replace(/\.([mc]?)tsx?$/, '.$1js');

function readJson(file) {
  return fs.existsSync(file) ? ts.parseConfigFileTextToJson(file, fs.readFileSync(file, 'utf8')).config : undefined;
}

// The nearest file of that name, from a folder up to the service's root.
function nearest(name, folder, root) {
  for (let at = folder; ; at = path.dirname(at)) {
    const config = readJson(path.join(at, name));
    if (config) return { at, config };
    if (at === root) return undefined;
  }
}

function projectOf(folder, root) {
  const found = nearest('tsconfig.json', folder, root);
  if (!found) return { at: root, options: {} };
  let { config } = found;
  const parent = config.extends && readJson(path.resolve(found.at, config.extends));
  const options = { ...(parent && parent.compilerOptions), ...config.compilerOptions };
  return { at: found.at, options };
}

function targetOf(file, { at, options }) {
  if (!options.outDir) return file;
  const from = path.resolve(at, options.rootDir || 'src');
  const inside = path.relative(from, file);
  return inside.startsWith('..') ? file : path.join(path.resolve(at, options.outDir), inside);
}

// `paths` as a transformer: an alias becomes the relative path of the file that it means.
function withoutAliases(file, { at, options }) {
  const base = path.resolve(at, options.baseUrl || '.');
  const meant = (name) => {
    for (const [pattern, [goal]] of Object.entries(options.paths || {})) {
      const [head, tail] = pattern.split('*');
      if (tail === undefined ? name !== pattern : !name.startsWith(head) || !name.endsWith(tail)) continue;
      const star = tail === undefined ? '' : name.slice(head.length, name.length - tail.length);
      const relative = path.relative(path.dirname(file), path.resolve(base, goal.replace('*', star)));
      return relative.startsWith('.') ? relative : `./${relative}`;
    }
    return name;
  };
  return (context) => (source) => {
    const visit = (node) => {
      const parent = node.parent;
      const names =
        ts.isStringLiteral(node) &&
        parent &&
        (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isCallExpression(parent));
      if (names && meant(node.text) !== node.text) {
        return context.factory.createStringLiteral(meant(node.text).replace(/\.tsx?$/, ''));
      }
      return ts.visitEachChild(node, visit, context);
    };
    return ts.visitNode(source, visit);
  };
}

function transpile(file, root) {
  const project = projectOf(path.dirname(file), root);
  const owner = nearest('package.json', path.dirname(file), root);
  const module = file.endsWith('.mts') || (owner && owner.config.type === 'module' && !file.endsWith('.cts'));
  const { outputText } = ts.transpileModule(fs.readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: {
      module: module ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      experimentalDecorators: Boolean(project.options.experimentalDecorators),
    },
    transformers: { before: [withoutAliases(file, project)] },
  });
  return { target: compiled(targetOf(file, project)), text: outputText };
}

function write(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

function prepare({ from, to }) {
  for (const entry of fs.readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath || entry.path, entry.name);
    const place = (target) => path.join(to, path.relative(from, target));
    const inPackage = file.includes(`${path.sep}node_modules${path.sep}`);
    if (SOURCE.test(file) && !inPackage) {
      const { target, text } = transpile(file, from);
      write(place(target), text);
    } else if (entry.name === 'package.json') {
      const config = readJson(file);
      if (config.main) config.main = compiled(config.main);
      write(place(file), JSON.stringify(config));
    } else {
      write(place(file), fs.readFileSync(file));
      const target = inPackage ? file : targetOf(file, projectOf(path.dirname(file), from));
      if (target !== file) write(place(target), fs.readFileSync(file));
    }
  }
  linkWorkspaces(to);
}

function linkWorkspaces(root) {
  const { workspaces = [] } = readJson(path.join(root, 'package.json')) || {};
  for (const pattern of Array.isArray(workspaces) ? workspaces : workspaces.packages) {
    const folder = path.join(root, pattern.replace(/\/\*$/, ''));
    const folders = pattern.endsWith('/*') ? fs.readdirSync(folder).map((name) => path.join(folder, name)) : [folder];
    for (const member of folders) {
      const { name } = readJson(path.join(member, 'package.json')) || {};
      if (!name) continue;
      const link = path.join(root, 'node_modules', name);
      fs.mkdirSync(path.dirname(link), { recursive: true });
      fs.symlinkSync(member, link);
    }
  }
}

JSON.parse(fs.readFileSync(0, 'utf8')).forEach(prepare);
