const path = '/three/:n';
const handler = (req, res) => res.end();
export { path, handler };
