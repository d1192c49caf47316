/** The version that the agent tells about itself; the same as in package.json. */
export const VERSION = '0.9.0';
