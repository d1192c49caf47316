"""Packages whose middleware answers no route of its own: it looks at a request, changes it or refuses it. Pure."""

from __future__ import annotations

import re

__all__ = ["is_transparent"]

_TRANSPARENT = {
    "accepts", "basic-auth", "body-parser", "busboy", "compression", "compression-next", "connect-busboy",
    "connect-flash", "connect-history-api-fallback", "connect-livereload", "connect-mongo", "connect-multiparty",
    "connect-pg-simple", "connect-redis", "connect-session-knex", "connect-slashes", "connect-timeout",
    "cookie-parser", "cookie-session", "cors", "csrf", "csrf-csrf", "csurf", "celebrate", "cls-rtracer",
    "client-sessions", "dd-trace", "elastic-apm-node", "errorhandler", "express-basic-auth", "express-bearer-token",
    "express-boom", "express-brute", "express-bunyan-logger", "express-busboy", "express-domain-middleware",
    "express-ejs-layouts", "express-enforces-ssl", "express-fileupload", "express-flash", "express-form-data",
    "express-formidable", "express-handlebars", "express-hbs", "express-http-context", "express-joi-validation",
    "express-jwt", "express-jwt-permissions", "express-locale", "express-minify", "express-mongo-sanitize",
    "express-mung", "express-mysql-session", "express-oauth2-jwt-bearer", "express-paginate", "express-pino-logger",
    "express-prom-bundle", "express-query-boolean", "express-query-int", "express-rate-limit",
    "express-redis-cache", "express-request-id", "express-request-context", "express-requests-logger",
    "express-sanitizer", "express-session", "express-sharp", "express-slow-down", "express-sslify",
    "express-static-gzip", "express-timeout-handler", "express-unless", "express-useragent", "express-validation",
    "express-validator", "express-winston", "express-xss-sanitizer", "express-zod-safe", "express-async-handler",
    "express-async-errors", "express-device", "express-bunyan", "express-correlation-id",
    "express-http-proxy-headers", "express-openid-connect-claims", "feature-policy", "fileupload", "forwarded",
    "helmet", "helmet-csp", "hpp", "hsts", "i18n", "i18next-http-middleware", "ipfilter", "express-ipfilter", "joi",
    "jsonwebtoken", "jwks-rsa", "koa-connect", "lusca", "memorystore", "method-override", "morgan", "morgan-body",
    "multer", "nocache", "on-finished", "on-headers", "passport", "passport-jwt", "passport-local", "pino-http",
    "permit", "prom-client-middleware", "rate-limiter-flexible", "rate-limit-redis", "referrer-policy",
    "response-time", "rotating-file-stream", "sanitize", "serve-favicon", "serve-static", "session-file-store",
    "sessionstore", "static-expiry", "timeout", "toobusy-js", "uuid", "vary", "x-xss-protection", "xss-clean",
    "zod-express-middleware", "express-request-logger", "express-rate-limiter", "helmet-crossdomain",
    "@sentry/node", "@sentry/tracing", "@fastify/helmet", "@godaddy/terminus", "@hapi/boom", "@logtail/node",
    "@opentelemetry/api", "@opentelemetry/instrumentation-express", "@promster/express",
    "@awaitjs/express-middleware", "cookie-encrypter", "express-cookies", "express-limiter", "express-sanitized",
    "express-body-parser", "express-xml-bodyparser", "body-parser-xml", "raw-body", "qs-middleware", "request-ip",
    "express-ip", "request-id", "x-request-id", "express-requestid", "express-status-code", "bunyan-middleware",
    "http-context", "express-response-time", "express-actuator-lite", "cls-hooked", "dotenv", "lodash",
    "underscore", "ramda", "util",
}  # fmt: skip
# Functions that make middleware out of a handler: what they give is the handler's.
_FAMILIES = re.compile(
    r"^(?:passport(?:-.+)?|connect-(?:redis|mongo|sqlite3|memcached|dynamodb)|.*-session-store|winston|pino|bunyan|log4js|i18next.*)$"
)


def is_transparent(package: str) -> bool:
    """Return whether what a package brings leaves every route to others."""
    return package in _TRANSPARENT or bool(package and _FAMILIES.match(package))
