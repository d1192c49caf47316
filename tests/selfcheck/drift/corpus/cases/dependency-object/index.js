import express from 'express';
import { createContext } from './context.js';
import registerPosts from './posts.js';
import registerFeeds from './feeds.js';

const context = createContext(express(), { root: '/blog' });
registerPosts(context);
registerFeeds({ ...context, formats: ['rss', 'atom'] });
context.app.listen(context.port);
