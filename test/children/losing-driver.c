/* A Vulkan driver that passes all on to another one, $LOSING_DRIVER, until a file $LOSE_NOW is there: it takes the file
   away, and every queue that it has given out by then says that its device is lost; or, where the file isn't empty, it
   aborts the process. */

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void (*Function)(void);
typedef Function (*Lookup)(void *owner, const char *name);
typedef int32_t (*Submit)(void *queue, uint32_t count, const void *submits, uint64_t fence);
typedef void (*GetQueue)(void *device, uint32_t family, uint32_t index, void **queue);

enum { DEVICE_LOST = -4, MOST = 256 };

static Lookup of_device;
static Submit submit;
static GetQueue get_queue;
static struct { void *queue; int lost; } given[MOST];
static int count;

static Function in_driver(const char *name) {
  static void *library;
  if (!library) library = dlopen(getenv("LOSING_DRIVER"), RTLD_NOW);
  return library ? (Function)dlsym(library, name) : 0;
}

static int32_t losing_submit(void *queue, uint32_t n, const void *submits, uint64_t fence) {
  struct stat file;
  if (stat(getenv("LOSE_NOW"), &file) == 0 && unlink(getenv("LOSE_NOW")) == 0) {
    if (file.st_size > 0) abort();
    for (int i = 0; i < count; i++) given[i].lost = 1;
  }
  /* An address may have been given out before. */
  for (int i = count - 1; i >= 0; i--) if (given[i].queue == queue) {
    if (given[i].lost) return DEVICE_LOST;
    break;
  }
  return submit(queue, n, submits, fence);
}

static void noting_get_queue(void *device, uint32_t family, uint32_t index, void **queue) {
  get_queue(device, family, index, queue);
  if (count == MOST) abort();
  given[count].lost = 0;
  given[count++].queue = *queue;
}

static Function ours(const char *name, Function theirs);

static Function losing_of_device(void *device, const char *name) { return ours(name, of_device(device, name)); }

static Function ours(const char *name, Function theirs) {
  if (!theirs) return 0;
  if (!strcmp(name, "vkGetDeviceProcAddr")) { of_device = (Lookup)theirs; return (Function)losing_of_device; }
  if (!strcmp(name, "vkQueueSubmit")) { submit = (Submit)theirs; return (Function)losing_submit; }
  if (!strcmp(name, "vkGetDeviceQueue")) { get_queue = (GetQueue)theirs; return (Function)noting_get_queue; }
  return theirs;
}

Function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
  return ours(name, ((Lookup)in_driver("vk_icdGetInstanceProcAddr"))(instance, name));
}

Function vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) {
  Lookup theirs = (Lookup)in_driver("vk_icdGetPhysicalDeviceProcAddr");
  return theirs ? theirs(instance, name) : 0;
}

int32_t vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  return ((int32_t (*)(uint32_t *))in_driver("vk_icdNegotiateLoaderICDInterfaceVersion"))(version);
}
