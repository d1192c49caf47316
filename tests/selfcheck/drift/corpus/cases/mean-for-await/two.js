export const path = '/two';
export function handler(req, res) { res.end(); }
