// Runs many services under the hook in one process, one after another, each as if it were alone; Express stays loaded.
// Reads {hook, runs: [{folder, program, environment}]} from standard input; each run's output follows a line "RUN n".
'use strict';

const fs = require('fs');
const Module = require('module');
const net = require('net');
const path = require('path');

const { hook, runs } = JSON.parse(fs.readFileSync(0, 'utf8'));
const EVENTS = ['exit', 'beforeExit', 'uncaughtException', 'uncaughtExceptionMonitor', 'SIGTERM', 'SIGINT'];
const pristine = {
  env: { ...process.env },
  exit: process.exit,
  reallyExit: process.reallyExit,
  server: Object.getOwnPropertyDescriptors(net.Server.prototype),
};
let current = -1;
let ended = false;

function begin() {
  restore();
  current += 1;
  if (current === runs.length) return pristine.exit.call(process, 0);
  const { folder, program, environment } = runs[current];
  fs.writeSync(1, `RUN ${current}\n`);
  ended = false;
  Object.assign(process.env, environment);
  process.chdir(folder);
  process.argv = [process.argv[0], path.join(folder, program)];
  delete require.cache[require.resolve(hook)];
  require(hook);
  process.exit = process.reallyExit = finish;
  process.on('uncaughtException', () => finish(1));
  // The hook's own listener was there first and has told by then.
  process.on('beforeExit', () => finish(0));
  Module.runMain(process.argv[1]);
}

// What node would do: tell all who listen for the end. The hook tells what it has, if it has not yet.
function finish(code) {
  if (ended) return;
  ended = true;
  process.emit('exit', code);
  setImmediate(begin);
}

function restore() {
  for (const event of EVENTS) process.removeAllListeners(event);
  process.exit = pristine.exit;
  process.reallyExit = pristine.reallyExit;
  Object.defineProperties(net.Server.prototype, pristine.server);
  delete Function.prototype.stack;
  delete Function.prototype.mountpath;
  for (const name of Object.keys(process.env)) if (!(name in pristine.env)) delete process.env[name];
  Object.assign(process.env, pristine.env);
  // What belongs to one service is loaded anew by the next, were it the same.
  for (const file of Object.keys(require.cache)) {
    if (!file.includes(`${path.sep}node_modules${path.sep}`) && file !== __filename) delete require.cache[file];
  }
}

begin();
