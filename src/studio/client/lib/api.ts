/** @file Requests to the studio's server. */
import type { ErrorReply } from "../../api-types.ts";

export type FieldErrors = ErrorReply["errors"];

/** The server refused; its sentences by field, "" for the whole form. */
export class ApiError extends Error {
  readonly errors: FieldErrors;

  constructor(errors: FieldErrors) {
    super(Object.values(errors).flat().join(" "));
    this.errors = errors;
  }
}

async function send(path: string, init?: RequestInit): Promise<Response> {
  const reply = await fetch(path, init).catch(() => {
    throw new ApiError({ "": ["The studio does not answer; is it still running?"] });
  });
  if (!reply.ok) throw new ApiError(((await reply.json()) as ErrorReply).errors);
  return reply;
}

async function request<Reply>(path: string, init?: RequestInit): Promise<Reply> {
  const body: unknown = await (await send(path, init)).json();
  return body as Reply;
}

export const get = <Reply>(path: string) => request<Reply>(path);

const posted = (body: unknown, method = "POST"): RequestInit => ({
  method,
  ...(body === undefined
    ? {}
    : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
});

export const post = <Reply>(path: string, body?: unknown, signal?: AbortSignal) =>
  request<Reply>(path, { ...posted(body), ...(signal ? { signal } : {}) });

export const put = <Reply>(path: string, body: unknown) =>
  request<Reply>(path, posted(body, "PUT"));

/** Posts a form that is answered with a picture. */
export const postForImage = async (path: string, body: unknown): Promise<Blob> =>
  (await send(path, posted(body))).blob();

export const remove = (path: string) => request<unknown>(path, { method: "DELETE" });

/** Sends a file. @returns the ticket that forms name it with */
export function upload(file: File): Promise<{ upload: string; name: string }> {
  return request(`/api/uploads/${encodeURIComponent(file.name)}`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
}

export function errorsOf(error: unknown): FieldErrors {
  if (error instanceof ApiError) return error.errors;
  return { "": [error instanceof Error ? error.message : String(error)] };
}
