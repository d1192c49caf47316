import express from 'express';
import { FeatureController } from './feature-controller';
import { TagController } from './tag-controller';

const app = express();
app.use('/api/features', new FeatureController({}).router);
app.use('/api/tags', new TagController({}).router);
app.listen(3000);
