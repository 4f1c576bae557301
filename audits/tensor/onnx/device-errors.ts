import type { DeviceId } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';

/**
 * What a runtime says when memory is short, its own (`bfc_arena`, "requested buffer") and that of the libraries below
 * it: CUDA, cuBLAS, cuDNN, Direct3D (8007000E), Vulkan and Dawn, Metal, TensorFlow, the C++ standard library.
 */
const outOfMemory =
  /failed to allocate memory|available memory of \d+ is smaller than requested|out of (device |host |gpu )?memory|OUT_OF_(DEVICE|HOST)_MEMORY|ALLOC_FAILED|bad_alloc|8007000E|OOM when allocating|ResourceExhausted|RESOURCE_EXHAUSTED|kIOGPUCommandBufferCallbackErrorOutOfMemory/i;

/** The device itself is gone: driver reset, unplugged, put to sleep. Nothing on it works again in this process. */
const deviceLost =
  /device (was |is )?lost|DEVICE_LOST|887A000[5-7]|device (was )?removed|CUDA_ERROR_(ILLEGAL_ADDRESS|LAUNCH_FAILED|ECC_UNCORRECTABLE)|CUDA (error|failure) (700|719|999)\b/i;

/** How the runtime (1.30) refuses to open a device, and what that means. */
const unopened = [
  {
    says: /Failed to get a WebGPU adapter/,
    reason: 'WebGPU found no graphics adapter with a working driver.',
    advice: 'Install the graphics driver (on Linux its Vulkan part), or use --device cpu.',
  },
  {
    says: /Failed to load shared library|libcu\w+\.so|CUDA driver version is insufficient|no CUDA-capable device/i,
    reason: 'CUDA could not be loaded: its libraries, cuDNN or the driver are missing or too old.',
    advice:
      'Install the NVIDIA driver, CUDA 12 and cuDNN 9 where the loader finds them, or use --device cpu.',
  },
  {
    says: /no available backend found/,
    reason: 'This copy of onnxruntime has no such device.',
    advice: 'Use another device.',
  },
] as const;

/**
 * A failure that is the device's and not the graph's, as an error with a code; undefined for every other.
 * Asked for in this order because a device that is out of memory may be lost in the same breath.
 */
export function deviceError(cause: unknown, device: DeviceId): MoatError | undefined {
  if (cause instanceof MoatError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const where = device === 'cpu' ? 'the CPU' : device;
  if (outOfMemory.test(text))
    return new MoatError('device-out-of-memory', `There is not enough memory on ${where} for this step.`, {
      cause,
      details: { device },
    });
  if (device === 'cpu') return undefined;
  if (deviceLost.test(text))
    return new MoatError('device-lost', `The device ${where} was lost.`, { cause, details: { device } });
  const closed = unopened.find(({ says }) => says.test(text));
  if (closed === undefined) return undefined;
  const { reason, advice } = closed;
  return new MoatError('device-unavailable', reason, { cause, details: { device, advice } });
}
