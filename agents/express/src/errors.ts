/** A refusal: its status, and the JSON that callers read. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly detail = '',
  ) {
    super(detail ? `${error} ${detail}` : error);
  }

  body(): Record<string, unknown> {
    return { success: false, error: this.error, ...(this.detail ? { message: this.detail } : {}) };
  }
}

export class BadRequestError extends HttpError {
  constructor(error: string) {
    super(400, error);
  }
}

export class UnauthorizedError extends HttpError {
  constructor() {
    super(401, 'Unauthorized: a bearer token is required.');
  }

  override body(): Record<string, unknown> {
    return { error: this.error };
  }
}

export class ForbiddenError extends HttpError {
  constructor(reason: string) {
    super(403, `Forbidden: ${reason}`);
  }

  override body(): Record<string, unknown> {
    return { error: this.error };
  }
}

export class InstanceNotFoundError extends HttpError {
  constructor(name: string) {
    super(404, `Tool instance '${name}' not found or not managed by this DTMA.`);
  }
}

export class GroupNotFoundError extends HttpError {
  constructor(groupId: string) {
    super(404, `MCP group '${groupId}' not found`);
  }
}

export class ConflictError extends HttpError {
  constructor(error: string, detail = '') {
    super(409, error, detail);
  }
}

/** The agent was given no token, so nobody can be let in. */
export class ConfigurationError extends HttpError {
  constructor() {
    super(500, 'DTMA configuration error');
  }

  override body(): Record<string, unknown> {
    return { error: this.error };
  }
}

export class FailureError extends HttpError {
  constructor(error: string, detail = '') {
    super(500, error, detail);
  }
}

/** The registry does not give the image. */
export class ImageUnavailableError extends HttpError {
  constructor(detail: string) {
    super(502, 'The image could not be pulled.', detail);
  }
}
