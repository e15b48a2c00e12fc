// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rights: what a file can be used for is decided by how it was opened and by nothing else. Who
 * has opened it, or was given it, needs no capability; who may not open the node has no way in.
 * Every command by every mode, as root and as nobody, by ioctl and by io_uring.
 */
#include "uapi_commands.h"
#include "uring.h"

#include <grp.h>
#include <sys/stat.h>

#define NOBODY	65534u

static const struct {
	const char *name;
	int flags;
	bool may_change;	/* may do more than ask */
} modes[] = {
	{ "O_RDONLY", O_RDONLY, false },
	{ "O_WRONLY", O_WRONLY, true },
	{ "O_RDWR", O_RDWR, true },
};

#define MODES ARRAY_SIZE(modes)

/* What the children that try share with their parent. */
struct cells {
	unsigned int tried;
	unsigned int wrong;
	char first_wrong[160];
};

static void cell(struct cells *cells, const char *who, const char *mode, const char *what,
		 int expected, int got)
{
	cells->tried++;
	if (got == expected)
		return;
	if (!cells->wrong++)
		snprintf(cells->first_wrong, sizeof(cells->first_wrong), "%s, %s, %s: %d, not %d",
			 who, mode, what, got, expected);
}

/* A transfer of a file that has nothing: the mode is looked at before the numbers. */
static int by_uring(int fd)
{
	struct dmabay_transfer transfer = { .reservation = 1, .buffer = 1, .length = PAGE };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe = { .res = -ETIMEDOUT };
	struct ring ring;
	int result = ring_open(&ring, 0);

	if (result)
		return result;
	sqe = ring_next(&ring);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = DMABAY_URING;
	memcpy(sqe->cmd, &(struct dmabay_uring){
		.transfers = (uintptr_t)&transfer,
		.count = 1,
	}, sizeof(struct dmabay_uring));
	if (ring_submit(&ring) == 1)
		ring_reap(&ring, PATIENCE, &cqe);
	ring_close(&ring);
	return cqe.res;
}

/* The commands that are about nothing that another file has made. */
static bool needs_nothing(const struct command *command)
{
	return command->build == build_nothing || command->build == build_register;
}

static void try_file(FIXTURE_DATA(uapi) *self, struct cells *cells, const char *who,
		     unsigned int mode, int fd)
{
	const char *name = modes[mode].name;
	char byte = 0;

	for (size_t i = 0; i < COMMANDS; i++) {
		bool allowed = modes[mode].may_change || commands[i].allowed_read_only;
		union argument argument;
		int got;

		build(&commands[i], self, &argument);
		/* What it would wait for is another file's. */
		if (commands[i].number == DMABAY_WAIT)
			argument.wait.min_complete = 0;
		got = raw(fd, commands[i].number, &argument);
		/* Numbers of another file: it came as far as to look for them. */
		if (allowed && got && !needs_nothing(&commands[i]))
			got = got == -EBADF ? got : 0;
		cell(cells, who, name, commands[i].name, allowed ? 0 : -EBADF, got);
		commands[i].undo(self, &argument);
	}
	cell(cells, who, name, "io_uring", modes[mode].may_change ? -ENOENT : -EBADF,
	     by_uring(fd));
	cell(cells, who, name, "read", modes[mode].flags == O_WRONLY ? -EBADF : 1,
	     pread(fd, &byte, 1, 0) < 0 ? -errno : 1);
	cell(cells, who, name, "write", modes[mode].flags == O_RDONLY ? -EBADF : 1,
	     pwrite(fd, &byte, 1, 0) < 0 ? -errno : 1);
}

static bool become_nobody(void)
{
	return !setgroups(0, NULL) && !setgid(NOBODY) && !setuid(NOBODY);
}

/*
 * In a child, so that nobody can become root again. @open: opens the node itself; otherwise it
 * uses what root has opened.
 */
static void try_as(FIXTURE_DATA(uapi) *self, struct cells *cells, bool root, bool open_itself)
{
	const char *who = root ? "root" : open_itself ? "nobody" : "nobody, given a file of root's";
	int fds[MODES];

	/* What a command has made is taken away by its number, of a file that nobody misses. */
	if (dmabay_open(&self->bay, self->path, O_RDWR))
		_exit(2);
	for (unsigned int i = 0; i < MODES; i++)
		fds[i] = open(self->path, modes[i].flags | O_CLOEXEC);
	if (!root && !become_nobody())
		_exit(1);
	for (unsigned int i = 0; i < MODES; i++) {
		if (open_itself) {
			close(fds[i]);
			fds[i] = open(self->path, modes[i].flags | O_CLOEXEC);
		}
		cell(cells, who, modes[i].name, "open", 1, fds[i] < 0 ? -errno : 1);
		try_file(self, cells, who, i, fds[i]);
	}
	_exit(0);
}

/* Nobody opens a node that is root's. */
static void try_closed(FIXTURE_DATA(uapi) *self, struct cells *cells)
{
	if (!become_nobody())
		_exit(1);
	for (unsigned int i = 0; i < MODES; i++) {
		int fd = open(self->path, modes[i].flags | O_CLOEXEC);

		cell(cells, "nobody", modes[i].name, "open", -EACCES, fd < 0 ? -errno : fd);
	}
	_exit(0);
}

static void reap(struct __test_metadata *_metadata, pid_t child)
{
	int status = 1;

	ASSERT_LT(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F_TIMEOUT(uapi, rights, LONG_TEST)
{
	struct cells *cells = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct stat node;
	pid_t child;

	ASSERT_NE(MAP_FAILED, cells);
	if (geteuid())
		SKIP(return, "only root can become nobody");
	ASSERT_EQ(0, stat(self->path, &node));
	EXPECT_EQ(0u, node.st_mode & 07) TH_LOG("the node is everybody's: 0%o", node.st_mode);

	child = fork();
	if (!child)
		try_closed(self, cells);
	reap(_metadata, child);
	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_EQ(0, chmod(self->path, i == 1 ? 0666 : 0600));
		child = fork();
		if (!child)
			try_as(self, cells, !i, i == 1);
		reap(_metadata, child);
	}
	ASSERT_EQ(0, chmod(self->path, node.st_mode));
	EXPECT_EQ(0u, cells->wrong) TH_LOG("%s", cells->first_wrong);
	FIGURE("R56", "%u cells of user, way to open and command, %u wrong", cells->tried,
	       cells->wrong);
	munmap(cells, PAGE);
}

TEST_HARNESS_MAIN
