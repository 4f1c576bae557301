import { z } from 'zod';
import { endpointSchema } from '../contract/endpoint.ts';
import { acceptancesSchema } from '../report/compare/acceptances.ts';
import { ownershipReportSchema } from '../report/ownership-schema.ts';
import { resultSchema } from '../report/result-schema.ts';
import { settingsSchema } from '../settings/settings.ts';

/** The JSON Schemas that the documentation carries; `npm run schemas` writes them. */
export const publishedSchemas: readonly {
  readonly file: string;
  readonly schema: () => z.core.JSONSchema.BaseSchema;
}[] = [
  // An input: what has a default may be left out.
  {
    file: 'moat.config.schema.json',
    schema: () => ({
      title: 'moat.config.json',
      ...z.toJSONSchema(settingsSchema, { io: 'input' }),
    }),
  },
  {
    file: 'endpoint.schema.json',
    schema: () => ({ title: 'endpoint.json', ...z.toJSONSchema(endpointSchema, { io: 'input' }) }),
  },
  {
    file: 'accepted.schema.json',
    schema: () => ({ title: 'accepted.json', ...z.toJSONSchema(acceptancesSchema, { io: 'input' }) }),
  },
  {
    file: 'result.schema.json',
    schema: () => ({ title: 'Moat audit result', ...z.toJSONSchema(resultSchema) }),
  },
  {
    file: 'ownership.schema.json',
    schema: () => ({ title: 'moat own --json', ...z.toJSONSchema(ownershipReportSchema) }),
  },
];
