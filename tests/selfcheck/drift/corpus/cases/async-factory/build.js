const { Router } = require('express');
const sleep = () => new Promise((resolve) => setTimeout(resolve, 5));

exports.buildApi = async () => {
  await sleep();
  const router = Router();
  router.get('/things', (req, res) => res.json([]));
  return router;
};

exports.buildDocs = async function (name) {
  try {
    await sleep();
    return Router().get(`/${name}.html`, (req, res) => res.end());
  } finally {
    console.log('built', name);
  }
};
