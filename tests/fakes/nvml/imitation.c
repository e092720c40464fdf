/* An imitation of the driver's management library, for tests without a GPU.
 *
 * Compiled by the tests to libnvidia-ml.so.1 and loaded through the real Python binding. What
 * it answers lies in a file of fixed layout (struct state) named by NVML_IMITATION_STATE, which
 * the tests map and change while a reader runs. Every write to a device is appended as one line
 * to the file named by NVML_IMITATION_LOG, also a refused one.
 *
 * With -DOLD_DRIVER the symbols that older drivers lack are left out.
 */

#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4,
    NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, TIMEOUT = 10, GPU_IS_LOST = 15,
    VERSION_MISMATCH = 25
};
enum { AS_UINT = 1, AS_ULONGLONG = 3, AS_INT = 5 };
enum { MOST_GPUS = 16, ALL_LINKS = 0xffffffffu };
enum { MAGIC = 0x4c4d564e, SW_POWER_CAP = 4, XID_EVENT = 0x8 };

struct gpu {
    char uuid[48];
    char name[64];
    char bus_id[32];
    char serial[32];
    char chassis[16];
    double wave_mw;       /* amplitude of a sine on top of power_mw */
    double wave_s;        /* its period */
    double since_s;       /* monotonic time at which energy_mj was right */
    uint64_t energy_mj;
    uint64_t reasons;
    uint64_t memory_total, memory_used;
    uint64_t ecc_uncorrected;
    uint64_t nvlink_tx_kib, nvlink_rx_kib;
    uint64_t nvlink5_tx, nvlink5_rx;
    uint64_t pcie_tx, pcie_rx;
    uint32_t power_mw, average_mw;
    uint32_t temp_c, memory_temp_c;
    int32_t margin_k, slowdown_tlimit, shutdown_tlimit;
    uint32_t sm_mhz, memory_mhz, sm_max_mhz, memory_max_mhz;
    uint32_t utilization, memory_utilization;
    uint32_t limit_mw, limit_min_mw, limit_max_mw, limit_default_mw;
    uint32_t locked_min_mhz, locked_max_mhz;
    uint32_t slot, tray, host, module;
    uint32_t lost;        /* 1: gone from the bus; 2: back, but seen only after a new init */
    uint32_t lost_at_init;
    uint32_t xid, xid_serial;
    uint32_t unsupported; /* bits: 1 memory temp, 2 instant power, 4 NVLink, 8 NVLink5, 16 ECC,
                             32 platform, 64 margin, 128 energy, 256 PCIe counters, 512 events */
    uint32_t hang_us;     /* every call on the device takes this long */
    uint32_t garbled;     /* 1: power is told as the largest number there is */
};

struct state {
    uint32_t magic, count, may_write, inits, running, driver_missing;
    char driver[32];
    struct gpu gpus[MOST_GPUS];
};

static struct state *now;

static double clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int open_state(void)
{
    const char *path = getenv("NVML_IMITATION_STATE");
    int file = path ? open(path, O_RDWR) : -1;
    if (now) return OK;
    if (file < 0) return DRIVER_NOT_LOADED;
    void *there = mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (there == MAP_FAILED) return DRIVER_NOT_LOADED;
    now = there;
    return now->magic == MAGIC ? OK : DRIVER_NOT_LOADED;
}

int nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    int failed = open_state();
    if (failed) return failed;
    if (now->driver_missing) return DRIVER_NOT_LOADED;
    if (now->running++ == 0) now->inits++;
    return OK;
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void)
{
    if (!now || !now->running) return UNINITIALIZED;
    now->running--;
    return OK;
}

static int reach(struct gpu *gpu)
{
    if (!now || !now->running) return UNINITIALIZED;
    if (gpu < now->gpus || gpu >= now->gpus + now->count) return INVALID_ARGUMENT;
    if (gpu->hang_us) usleep(gpu->hang_us);
    if (gpu->lost == 2 && now->inits > gpu->lost_at_init) gpu->lost = 0;
    return gpu->lost ? GPU_IS_LOST : OK;
}

#define REACH(gpu) do { int failed_ = reach(gpu); if (failed_) return failed_; } while (0)

static double power_mw(const struct gpu *gpu, double at_s)
{
    double drawn = gpu->power_mw;
    if (gpu->wave_s > 0.0)
        drawn += gpu->wave_mw * sin(2.0 * M_PI * (at_s - gpu->since_s) / gpu->wave_s);
    return drawn < gpu->limit_mw ? drawn : gpu->limit_mw;
}

static double energy_mj(const struct gpu *gpu, double at_s)
{
    double span_s = at_s - gpu->since_s;
    if (gpu->wave_s > 0.0) {
        double turns = 2.0 * M_PI / gpu->wave_s;
        return (double)gpu->energy_mj + gpu->power_mw * span_s +
               gpu->wave_mw * (1.0 - cos(turns * span_s)) / turns;
    }
    return (double)gpu->energy_mj + power_mw(gpu, at_s) * span_s;
}

int nvmlSystemGetDriverVersion(char *text, unsigned length)
{
    if (!now || !now->running) return UNINITIALIZED;
    if (length <= strlen(now->driver)) return INSUFFICIENT_SIZE;
    strcpy(text, now->driver);
    return OK;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    if (!now || !now->running) return UNINITIALIZED;
    *count = now->count;
    return OK;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct gpu **gpu)
{
    if (!now || !now->running) return UNINITIALIZED;
    if (index >= now->count) return INVALID_ARGUMENT;
    *gpu = &now->gpus[index];
    return reach(*gpu);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, struct gpu **gpu)
{
    if (!now || !now->running) return UNINITIALIZED;
    for (unsigned k = 0; k < now->count; k++)
        if (strcmp(now->gpus[k].uuid, uuid) == 0) {
            *gpu = &now->gpus[k];
            return reach(*gpu);
        }
    return NOT_FOUND;
}

static int tell(struct gpu *gpu, const char *text, char *to, unsigned length)
{
    REACH(gpu);
    if (length <= strlen(text)) return INSUFFICIENT_SIZE;
    strcpy(to, text);
    return OK;
}

int nvmlDeviceGetUUID(struct gpu *gpu, char *to, unsigned n) { return tell(gpu, gpu->uuid, to, n); }
int nvmlDeviceGetName(struct gpu *gpu, char *to, unsigned n) { return tell(gpu, gpu->name, to, n); }
int nvmlDeviceGetSerial(struct gpu *gpu, char *to, unsigned n)
{
    return tell(gpu, gpu->serial, to, n);
}

struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
};

int nvmlDeviceGetPciInfo_v3(struct gpu *gpu, struct pci *pci)
{
    REACH(gpu);
    memset(pci, 0, sizeof *pci);
    strncpy(pci->bus_id, gpu->bus_id, sizeof pci->bus_id - 1);
    return OK;
}

int nvmlDeviceGetTemperature(struct gpu *gpu, int sensor, unsigned *temp)
{
    REACH(gpu);
    if (sensor != 0) return INVALID_ARGUMENT;
    *temp = gpu->temp_c;
    return OK;
}

int nvmlDeviceGetTemperatureThreshold(struct gpu *gpu, int which, unsigned *temp)
{
    REACH(gpu);
    int limit = (int)gpu->temp_c + gpu->margin_k;
    switch (which) {
    case 0: *temp = (unsigned)(limit - gpu->shutdown_tlimit); return OK;
    case 1: *temp = (unsigned)(limit - gpu->slowdown_tlimit); return OK;
    case 2: *temp = 95; return OK;
    case 3: *temp = (unsigned)limit; return OK;
    default: return NOT_SUPPORTED;
    }
}

int nvmlDeviceGetPowerUsage(struct gpu *gpu, unsigned *power)
{
    REACH(gpu);
    *power = (unsigned)power_mw(gpu, clock_s());
    return OK;
}

int nvmlDeviceGetTotalEnergyConsumption(struct gpu *gpu, unsigned long long *energy)
{
    REACH(gpu);
    if (gpu->unsupported & 128) return NOT_SUPPORTED;
    *energy = (unsigned long long)energy_mj(gpu, clock_s());
    return OK;
}

int nvmlDeviceGetPowerManagementLimit(struct gpu *gpu, unsigned *limit)
{
    REACH(gpu);
    *limit = gpu->limit_mw;
    return OK;
}

int nvmlDeviceGetEnforcedPowerLimit(struct gpu *gpu, unsigned *limit)
{
    return nvmlDeviceGetPowerManagementLimit(gpu, limit);
}

int nvmlDeviceGetPowerManagementDefaultLimit(struct gpu *gpu, unsigned *limit)
{
    REACH(gpu);
    *limit = gpu->limit_default_mw;
    return OK;
}

int nvmlDeviceGetPowerManagementLimitConstraints(struct gpu *gpu, unsigned *low, unsigned *high)
{
    REACH(gpu);
    *low = gpu->limit_min_mw;
    *high = gpu->limit_max_mw;
    return OK;
}

int nvmlDeviceGetUtilizationRates(struct gpu *gpu, unsigned both[2])
{
    REACH(gpu);
    both[0] = gpu->utilization;
    both[1] = gpu->memory_utilization;
    return OK;
}

struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };

int nvmlDeviceGetMemoryInfo(struct gpu *gpu, struct memory *memory)
{
    REACH(gpu);
    memory->total = gpu->memory_total;
    memory->used = gpu->memory_used;
    memory->free = gpu->memory_total - gpu->memory_used;
    return OK;
}

int nvmlDeviceGetMemoryInfo_v2(struct gpu *gpu, struct memory_v2 *memory)
{
    REACH(gpu);
    if (memory->version != 0x02000028) return VERSION_MISMATCH;
    memory->total = gpu->memory_total;
    memory->reserved = 0;
    memory->used = gpu->memory_used;
    memory->free = gpu->memory_total - gpu->memory_used;
    return OK;
}

static unsigned within(unsigned value, unsigned low, unsigned high)
{
    return value < low ? low : value > high ? high : value;
}

int nvmlDeviceGetClockInfo(struct gpu *gpu, int type, unsigned *clock)
{
    REACH(gpu);
    unsigned sm = gpu->sm_mhz;
    if (gpu->locked_max_mhz) sm = within(sm, gpu->locked_min_mhz, gpu->locked_max_mhz);
    switch (type) {
    case 0: case 1: *clock = sm; return OK;
    case 2: *clock = gpu->memory_mhz; return OK;
    default: return NOT_SUPPORTED;
    }
}

int nvmlDeviceGetMaxClockInfo(struct gpu *gpu, int type, unsigned *clock)
{
    REACH(gpu);
    *clock = type == 2 ? gpu->memory_max_mhz : gpu->sm_max_mhz;
    return OK;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(struct gpu *gpu, unsigned long long *reasons)
{
    REACH(gpu);
    *reasons = gpu->reasons | (gpu->power_mw > gpu->limit_mw ? SW_POWER_CAP : 0);
    return OK;
}

#ifndef OLD_DRIVER

int nvmlDeviceGetCurrentClocksEventReasons(struct gpu *gpu, unsigned long long *reasons)
{
    return nvmlDeviceGetCurrentClocksThrottleReasons(gpu, reasons);
}

struct temperature { unsigned version, sensor; int temp; };
struct margin { unsigned version; int margin; };

int nvmlDeviceGetTemperatureV(struct gpu *gpu, struct temperature *temperature)
{
    if (temperature->version != 0x100000C) return VERSION_MISMATCH;
    unsigned temp;
    int failed = nvmlDeviceGetTemperature(gpu, (int)temperature->sensor, &temp);
    if (!failed) temperature->temp = (int)temp;
    return failed;
}

int nvmlDeviceGetMarginTemperature(struct gpu *gpu, struct margin *margin)
{
    REACH(gpu);
    if (margin->version != 0x1000008) return VERSION_MISMATCH;
    if (gpu->unsupported & 64) return NOT_SUPPORTED;
    margin->margin = gpu->margin_k;
    return OK;
}

struct platform {
    unsigned version;
    unsigned char guid[16], chassis[16], slot, tray, host, peer, module;
};

int nvmlDeviceGetPlatformInfo(struct gpu *gpu, struct platform *platform)
{
    REACH(gpu);
    if (platform->version != 0x200002c) return VERSION_MISMATCH;
    if (gpu->unsupported & 32) return NOT_SUPPORTED;
    memcpy(platform->chassis, gpu->chassis, sizeof platform->chassis);
    platform->slot = (unsigned char)gpu->slot;
    platform->tray = (unsigned char)gpu->tray;
    platform->host = (unsigned char)gpu->host;
    platform->peer = 0;
    platform->module = (unsigned char)gpu->module;
    return OK;
}

#endif

struct field {
    uint32_t id, scope;
    int64_t timestamp, latency;
    uint32_t type, failed;
    union { double real; uint64_t whole; int32_t number; } value;
};

static void put(struct field *field, uint32_t type, uint64_t value)
{
    field->type = type;
    field->failed = OK;
    field->value.whole = value;
}

static void answer(struct gpu *gpu, struct field *field)
{
    uint32_t lacks = gpu->unsupported;
    double at_s = clock_s();
    int whole_link = field->scope == ALL_LINKS;
    field->failed = NOT_SUPPORTED;
    switch (field->id) {
    case 4: if (!(lacks & 16)) put(field, AS_ULONGLONG, gpu->ecc_uncorrected); break;
    case 82: if (!(lacks & 1)) put(field, AS_UINT, gpu->memory_temp_c); break;
    case 83: if (!(lacks & 128)) put(field, AS_ULONGLONG, (uint64_t)energy_mj(gpu, at_s)); break;
    case 138: if (!(lacks & 4) && whole_link) put(field, AS_ULONGLONG, gpu->nvlink_tx_kib); break;
    case 139: if (!(lacks & 4) && whole_link) put(field, AS_ULONGLONG, gpu->nvlink_rx_kib); break;
    case 185: if (!(lacks & 2) && field->scope == 0) put(field, AS_UINT, gpu->average_mw); break;
    case 186:
        if (!(lacks & 2) && field->scope == 0)
            put(field, AS_UINT, gpu->garbled ? 0xffffffffu : (uint32_t)power_mw(gpu, at_s));
        break;
    case 187: put(field, AS_UINT, gpu->limit_min_mw); break;
    case 188: put(field, AS_UINT, gpu->limit_max_mw); break;
    case 189: put(field, AS_UINT, gpu->limit_default_mw); break;
    case 190: case 192: put(field, AS_UINT, gpu->limit_mw); break;
    case 193: put(field, AS_INT, (uint32_t)gpu->shutdown_tlimit); break;
    case 194: put(field, AS_INT, (uint32_t)gpu->slowdown_tlimit); break;
    case 195: case 196: put(field, AS_INT, 0); break;
    case 197: if (!(lacks & 256)) put(field, AS_ULONGLONG, gpu->pcie_tx); break;
    case 198: if (!(lacks & 256)) put(field, AS_ULONGLONG, gpu->pcie_rx); break;
    case 202: if (!(lacks & 8) && field->scope < 18) put(field, AS_ULONGLONG, gpu->nvlink5_tx); break;
    case 204: if (!(lacks & 8) && field->scope < 18) put(field, AS_ULONGLONG, gpu->nvlink5_rx); break;
    default: field->failed = INVALID_ARGUMENT;
    }
}

int nvmlDeviceGetFieldValues(struct gpu *gpu, int count, struct field *fields)
{
    REACH(gpu);
    for (int k = 0; k < count; k++) answer(gpu, &fields[k]);
    return OK;
}

struct event_set { uint32_t watched; uint32_t seen[MOST_GPUS]; };
struct event {
    struct gpu *gpu;
    unsigned long long type, number;
    unsigned gpu_instance, compute_instance;
};

int nvmlEventSetCreate(struct event_set **set)
{
    if (!now || !now->running) return UNINITIALIZED;
    *set = calloc(1, sizeof **set);
    return OK;
}

int nvmlEventSetFree(struct event_set *set)
{
    free(set);
    return OK;
}

int nvmlDeviceGetSupportedEventTypes(struct gpu *gpu, unsigned long long *types)
{
    REACH(gpu);
    *types = gpu->unsupported & 512 ? 0 : XID_EVENT;
    return OK;
}

int nvmlDeviceRegisterEvents(struct gpu *gpu, unsigned long long types, struct event_set *set)
{
    REACH(gpu);
    if (types & ~(unsigned long long)XID_EVENT || gpu->unsupported & 512) return NOT_SUPPORTED;
    unsigned k = (unsigned)(gpu - now->gpus);
    set->watched |= 1u << k;
    set->seen[k] = gpu->xid_serial;
    return OK;
}

int nvmlEventSetWait_v2(struct event_set *set, struct event *event, unsigned timeout_ms)
{
    double end_s = clock_s() + 1e-3 * timeout_ms;
    do {
        if (!now->running) return UNINITIALIZED;
        for (unsigned k = 0; k < now->count; k++) {
            struct gpu *gpu = &now->gpus[k];
            if (!(set->watched >> k & 1) || set->seen[k] == gpu->xid_serial) continue;
            set->seen[k] = gpu->xid_serial;
            *event = (struct event){gpu, XID_EVENT, gpu->xid, ALL_LINKS, ALL_LINKS};
            return OK;
        }
        usleep(5000);
    } while (clock_s() < end_s);
    return TIMEOUT;
}

/* Writes. */

static int logged(const char *what, struct gpu *gpu, unsigned first, unsigned second, int result)
{
    const char *path = getenv("NVML_IMITATION_LOG");
    int file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0644) : -1;
    char line[160];
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    int length = snprintf(line, sizeof line, "%lld.%06ld %s %s %u %u %d\n", (long long)t.tv_sec,
                          t.tv_nsec / 1000, what, gpu->uuid, first, second, result);
    if (file >= 0) {
        if (write(file, line, (size_t)length) != length) result = 999;
        close(file);
    }
    return result;
}

static int writable(struct gpu *gpu)
{
    REACH(gpu);
    return now->may_write ? OK : NO_PERMISSION;
}

static int set_limit(struct gpu *gpu, unsigned limit)
{
    int failed = writable(gpu);
    if (failed) return failed;
    if (limit < gpu->limit_min_mw || limit > gpu->limit_max_mw) return INVALID_ARGUMENT;
    if (gpu->wave_s <= 0.0) { /* what was drawn so far stays counted */
        double at_s = clock_s();
        gpu->energy_mj = (uint64_t)energy_mj(gpu, at_s);
        gpu->since_s = at_s;
    }
    gpu->limit_mw = limit;
    return OK;
}

int nvmlDeviceSetPowerManagementLimit(struct gpu *gpu, unsigned limit)
{
    return logged("power_limit", gpu, limit, 0, set_limit(gpu, limit));
}

struct power_value { unsigned version, scope, value; };

int nvmlDeviceSetPowerManagementLimit_v2(struct gpu *gpu, struct power_value *power)
{
    int failed = power->version != 0x0200000C ? VERSION_MISMATCH
               : power->scope != 0            ? NOT_SUPPORTED
                                              : set_limit(gpu, power->value);
    return logged("power_limit", gpu, power->value, power->scope, failed);
}

int nvmlDeviceSetGpuLockedClocks(struct gpu *gpu, unsigned low, unsigned high)
{
    int failed = writable(gpu);
    if (!failed && (low > high || high == 0)) failed = INVALID_ARGUMENT;
    if (!failed) {
        gpu->locked_min_mhz = low;
        gpu->locked_max_mhz = high;
    }
    return logged("locked_clocks", gpu, low, high, failed);
}

int nvmlDeviceResetGpuLockedClocks(struct gpu *gpu)
{
    int failed = writable(gpu);
    if (!failed) gpu->locked_min_mhz = gpu->locked_max_mhz = 0;
    return logged("reset_clocks", gpu, 0, 0, failed);
}
