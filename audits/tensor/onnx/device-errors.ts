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
  if (/Failed to get a WebGPU adapter|Failed to load shared library|no available backend found/.test(text))
    return new MoatError('device-unavailable', `The device ${where} cannot be opened.`, {
      cause,
      details: { device },
    });
  return undefined;
}
