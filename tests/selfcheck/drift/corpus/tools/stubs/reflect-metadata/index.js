// Stands for the package: metadata by target and key.
const kept = new WeakMap();
Reflect.defineMetadata = (key, value, target) => {
  if (!kept.has(target)) kept.set(target, new Map());
  kept.get(target).set(key, value);
};
Reflect.getMetadata = (key, target) => {
  for (let at = target; at; at = Object.getPrototypeOf(at)) {
    if (kept.has(at) && kept.get(at).has(key)) return kept.get(at).get(key);
  }
  return undefined;
};
Reflect.getOwnMetadata = (key, target) => kept.get(target)?.get(key);
Reflect.hasMetadata = (key, target) => Reflect.getMetadata(key, target) !== undefined;
