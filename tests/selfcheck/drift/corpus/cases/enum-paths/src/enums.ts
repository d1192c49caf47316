export enum Paths {
  Root = '/enum',
  Items = '/items',
}
export const enum Verb {
  Get = 'get',
  Put = 'put',
}
