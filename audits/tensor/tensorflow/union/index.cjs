// The kernels of @tensorflow/tfjs-node-gpu ask for the union package, which would bring 220 MB of layers, converters
// and WebGL. They use only what tfjs-core has; and given this very copy of it, their tensors are ours.
module.exports = require('@tensorflow/tfjs-core');
