module.exports = {
  isProduction: process.env.NODE_ENV === 'production',
  flags: { vars: Boolean(process.env.DEBUG_ROUTES) },
};
