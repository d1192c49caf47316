export enum API {
  ping = '/-/ping',
  whoami = '/-/whoami',
}
export const DIST_TAGS_API_ENDPOINTS = Object.freeze({
  tagging: '/:package/:tag',
  get_dist_tags: '/-/package/:package/dist-tags',
  tag: '/-/package/:package/dist-tags/:tag',
});
