export * from './version';
import './upload';
