// Stands for a database client: tells by callback, event and promise that it is connected.
const { EventEmitter } = require('events');
exports.connection = new EventEmitter();
exports.connect = (url, options, done) => setImmediate(() => done(null, { db: () => ({ insert() {}, find() {} }) }));
exports.ready = async () => undefined;
setImmediate(() => exports.connection.emit('open'));
