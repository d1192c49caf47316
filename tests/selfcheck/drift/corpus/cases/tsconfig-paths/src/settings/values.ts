export const PREFIX = '/desk';
