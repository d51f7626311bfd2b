/** What a Web API method answers instead of `ok: true`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  /** Further fields of the answer, such as `errors` or `needed`. */
  readonly details: object;

  constructor(code: string, details: object = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

/** Throws `invalid_arguments` (or another code) with Slack's list of reasons. */
export function refuseArguments(reasons: readonly string[], code = 'invalid_arguments'): never {
  throw new ApiError(code, {
    ...(code === 'invalid_blocks' ? { errors: reasons } : {}),
    response_metadata: { messages: reasons.map((reason) => `[ERROR] ${reason}`) },
  });
}
