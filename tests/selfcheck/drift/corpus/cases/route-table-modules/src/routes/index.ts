import { noteRoutes } from './notes';
import { metaRoutes } from './meta';
export const routes = [...metaRoutes, ...noteRoutes].flat();
