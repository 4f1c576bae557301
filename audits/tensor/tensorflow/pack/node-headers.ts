/** All that a binding over Node-API includes of Node. */
export const nodeApiHeaders = [
  'node_api.h',
  'node_api_types.h',
  'js_native_api.h',
  'js_native_api_types.h',
] as const;

/** Where the built desktop app has them, from its root. */
export const NODE_HEADERS_FOLDER = 'node-api';
