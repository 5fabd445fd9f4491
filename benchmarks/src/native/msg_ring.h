/*
 * What stands in for ublk_drv where there is no ublk: the driver and the server of a queue are two
 * processes, each with an io_uring, and what would be a command of /dev/ublkc is a message to the
 * other's ring (IORING_OP_MSG_RING). The descriptors of the requests and the guest's pages lie in
 * memory that both map; the server's thread copies between these and its own buffers, as ublk_drv
 * does in its context (ublk_map_io, ublk_unmap_io of ublk_drv.c).
 *
 *   memory:  0                      descriptors, 24 bytes for each tag (struct ublksrv_io_desc)
 *            GUEST_OFFSET           the guest's pages, MAX_IO_BYTES for each tag
 *
 *   driver -> server:  user_data = SERVER_TAG | tag, res = 0      a request has come
 *   server -> driver:  user_data = tag, res = result              it is answered, the next may come
 *                      user_data = FETCHED | tag, res = 0         the first may come
 */
#ifndef MSG_RING_H
#define MSG_RING_H

#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GUEST_OFFSET (1u << 20)
#define MAX_IO_BYTES (512u << 10)
#define SERVER_TAG (1ull << 56)
#define FETCHED (1ull << 32)
#define SECTOR_BYTES 512u

enum { OP_READ = 0, OP_WRITE = 1, OP_FLUSH = 2 };

/* struct ublksrv_io_desc of linux/ublk_cmd.h */
struct request {
  uint32_t op_flags;
  uint32_t sectors;
  uint64_t start_sector;
  uint64_t address;
};

struct ring {
  int fd;
  unsigned *sq_tail, sq_mask, *cq_head, *cq_tail, cq_mask;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
  unsigned tail, submitted;
};

static inline void die(const char *what) {
  perror(what);
  exit(3);
}

static inline void ring_open(struct ring *ring, unsigned entries) {
  struct io_uring_params p;
  memset(&p, 0, sizeof p);
  p.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  p.cq_entries = 4 * entries;
  ring->fd = (int)syscall(__NR_io_uring_setup, entries, &p);
  if (ring->fd < 0) die("io_uring_setup");
  size_t bytes = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
  const size_t array_end = p.sq_off.array + p.sq_entries * sizeof(unsigned);
  if (bytes < array_end) bytes = array_end;
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
                      IORING_OFF_SQ_RING);
  ring->sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
  if (memory == MAP_FAILED || ring->sqes == MAP_FAILED) die("mmap of the ring");
  ring->sq_tail = (unsigned *)(memory + p.sq_off.tail);
  ring->sq_mask = *(unsigned *)(memory + p.sq_off.ring_mask);
  ring->cq_head = (unsigned *)(memory + p.cq_off.head);
  ring->cq_tail = (unsigned *)(memory + p.cq_off.tail);
  ring->cq_mask = *(unsigned *)(memory + p.cq_off.ring_mask);
  ring->cqes = (struct io_uring_cqe *)(memory + p.cq_off.cqes);
  unsigned *array = (unsigned *)(memory + p.sq_off.array);
  for (unsigned i = 0; i < p.sq_entries; i++) array[i] = i;
  ring->tail = ring->submitted = 0;
}

static inline struct io_uring_sqe *ring_sqe(struct ring *ring) {
  struct io_uring_sqe *sqe = &ring->sqes[ring->tail++ & ring->sq_mask];
  memset(sqe, 0, sizeof *sqe);
  return sqe;
}

/* Submits what there is and waits for a completion. */
static inline void ring_enter(struct ring *ring, unsigned least) {
  __atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
  int n = (int)syscall(__NR_io_uring_enter, ring->fd, ring->tail - ring->submitted, least,
                       IORING_ENTER_GETEVENTS, NULL, 0);
  if (n < 0) die("io_uring_enter");
  ring->submitted += (unsigned)n;
}

static inline void ring_message(struct ring *ring, int to, uint64_t user_data, int32_t result) {
  struct io_uring_sqe *sqe = ring_sqe(ring);
  sqe->opcode = IORING_OP_MSG_RING;
  sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
  sqe->fd = to;
  sqe->addr = IORING_MSG_DATA;
  sqe->len = (uint32_t)result;
  sqe->off = user_data;
}

#endif
