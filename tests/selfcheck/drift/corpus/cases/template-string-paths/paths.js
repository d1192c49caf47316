const ROOT = '/root';
export const API = `${ROOT}/api`;
export const versioned = (n, name) => `${ROOT}/v${n}/${name}`;
