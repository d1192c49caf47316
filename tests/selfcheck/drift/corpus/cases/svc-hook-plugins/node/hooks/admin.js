exports.setup = async (hookName, args) => {
  args.app.get('/admin', (req, res) => res.redirect('/admin/'));
  args.app.all('/admin/plugins', (req, res) => res.end());
};
