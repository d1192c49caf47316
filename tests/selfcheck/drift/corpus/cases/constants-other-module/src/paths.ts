const USERS = '/users';
export const ROUTES = Object.freeze({
  users: { list: USERS, byId: `${USERS}/:userId` },
} as const);
export const LOGIN = USERS + '/login';
export const Methods = { remove: 'delete' } as const;
export default '/index';
