'use strict';
const registry = {};

exports.load = ({ parts }) => {
  for (const part of parts) {
    for (const [hook, reference] of Object.entries(part.hooks)) {
      const [file, name = hook] = reference.split(':');
      (registry[hook] = registry[hook] || []).push({ part: part.name, fn: require('./' + file)[name] });
    }
  }
};

const call = async (entry, context) => entry.fn(entry.part, context);

exports.callAll = async (hook, context) => Promise.all((registry[hook] || []).map((entry) => call(entry, context)));
