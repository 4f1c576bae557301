/** What is asked and what is answered, of one method of the bridge. */
export interface Method<Request, Reply> {
  readonly request: Request;
  readonly reply: Reply;
}

/** A request that says nothing beside its name. */
export type Nothing = Readonly<Record<string, never>>;
