export const path = '/one';
export const handler = (req, res) => res.end();
