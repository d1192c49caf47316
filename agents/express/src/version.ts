/** The version that the agent tells about itself; the same as in package.json. */
export const VERSION = '1.0.0';
