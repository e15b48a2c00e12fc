/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Controller: a model of one transfer after the other in controller.c, for
 * userspace/vm/models. The owner starts them and is told; somebody stops them at any
 * time; the dmaengine channel finishes, fails, or never answers; its driver calls back
 * when it likes; the work waits for the driver.
 *
 * What C does under controller->lock is one step here, and so is what a driver of a
 * dmaengine channel does under its own lock. Between two of them anything may happen.
 * What is not said to be the model's own has the name that it has in C.
 *
 * Left out: the counter of bytes, how a transfer is prepared, and drivers whose callbacks
 * run where neither they nor RCU can wait for them.
 */
mtype = { COMPLETE, ERROR, CANCELLED };
/*
 * The descriptor, in the channel's driver. TAKEN: off its lists, for a callback that has
 * not run yet. FAILED: called back, and left where it was.
 */
mtype = { NONE, SUBMITTED, ISSUED, DONE, TAKEN, FAILED };

/* struct dmabay_controller, under its lock */
bool running;
bool issued;
bool terminating;
bool cancelled;
bool routine;
bool looped;
mtype status = COMPLETE;
bool queued;		/* the work */

/* The dmaengine channel */
mtype descriptor = NONE;
bool is_complete;	/* what it says of the cookie */
bool writing;		/* it may write to the memory */
bool calling;		/* a callback runs */

/* The model's own, for its claims */
bool transfer;		/* the number of what is running, or was last: odd or even */
bool called;		/* of which transfer the callback is */
bool mapped;		/* there is memory to write to */
byte ends;		/* how often the owner was told that it is over */

#define may_terminate (issued && !terminating && !is_complete)

/* Nothing is written, and nobody is told, once there is nothing mapped. */
#define claims { \
	assert(!writing || mapped); \
	assert(!running || mapped) \
}

inline controller_end(how)
{
	assert(running);
	status = how;
	running = false;
	issued = false;
	terminating = false
}

/* The owner hears that it is over, and may go on at once. */
inline tell_end()
{
	/* The channel has let go of the memory, and of the transfer. */
	assert(!writing && (descriptor == NONE || descriptor == TAKEN));
	ends++;
	assert(ends == 1)
}

/* Drops what it has; but a callback that it has begun, and a write, go on. */
inline dmaengine_terminate_async()
{
	atomic {
		if
		:: descriptor != TAKEN ->
			descriptor = NONE
		:: else
		fi
	}
}

inline controller_terminate()
{
	dmaengine_terminate_async();
	queued = true
}

active proctype owner()
{
	bool terminate;

start:
	/* Whoever prepares the next one finds nothing of the last one. */
	assert(!running && !writing && descriptor != ISSUED);
	ends = 0;
	atomic {
		if
		:: routine = true; looped = false
		:: routine = true; looped = true
		:: routine = false; looped = false
		fi
	}
	atomic {
		if
		:: cancelled ->
			goto free
		:: else ->
			mapped = true;
			transfer = !transfer;
			is_complete = false;
			running = true
		fi
	}
	if
	:: atomic {
			/* The channel refuses it. */
			controller_end(ERROR);
			mapped = false;
			goto free
		}
	:: descriptor = SUBMITTED
	fi;
	atomic {
		issued = true;
		terminate = cancelled && may_terminate;
		if
		:: terminate ->
			terminating = true;
			status = CANCELLED
		:: else
		fi
	}
	if
	:: terminate ->
		controller_terminate()
	:: else ->
		atomic {
			if
			:: descriptor == SUBMITTED ->
				descriptor = ISSUED;
				writing = true;
				claims
			:: else
			fi
		}
	fi;

	/* The driver's: it waits to be told, or looks. */
	if
	:: routine ->
		ends == 1
	:: !routine ->
		atomic {
			(issued && !terminating && is_complete) || !running;
			if
			:: running ->
				controller_end(COMPLETE)
			:: else
			fi
		}
	fi;
	assert(!running && !writing);
	mapped = false;
	claims;
free:
	cancelled = false;
	goto start
}

/* Anybody, at any time, over and over. */
active proctype stopper()
{
	bool terminate;

	do
	:: atomic {
			!cancelled;
			cancelled = true;
			terminate = may_terminate;
			if
			:: terminate ->
				terminating = true;
				status = CANCELLED
			:: else
			fi
		}
		if
		:: terminate ->
			controller_terminate()
		:: else
		fi
	od
}

active proctype hardware()
{
end:
	do
	:: atomic {
			/* All bytes are moved. */
			descriptor == ISSUED && !looped;
			writing = false;
			is_complete = true;
			descriptor = (routine -> DONE : NONE)
		}
	:: atomic {
			/* It fails, and leaves the descriptor where it is. */
			descriptor == ISSUED && !looped;
			descriptor = DONE
		}
	:: atomic {
			/* What was under way when it was terminated has run out. */
			writing && descriptor == NONE;
			writing = false
		}
	od
}

/* The tasklet of the channel's driver, and controller_done() in it. */
active proctype callback()
{
	bool failed, terminate;

end:
	do
	:: atomic {
			descriptor == DONE && routine && !calling;
			called = transfer;
			failed = !is_complete;
			descriptor = (failed -> FAILED : TAKEN);
			calling = true
		}
		atomic {
			terminate = false;
			if
			:: issued && !terminating ->
				/* It is this transfer's, not that of one before. */
				assert(called == transfer);
				if
				:: failed ->
					terminating = true;
					status = ERROR;
					terminate = true
				:: else ->
					controller_end(COMPLETE);
					tell_end()
				fi
			:: else
			fi;
			if
			:: descriptor == TAKEN ->
				descriptor = NONE
			:: else
			fi;
			calling = terminate
		}
		if
		:: terminate ->
			controller_terminate();
			calling = false
		:: else
		fi
	:: atomic {
			/* A round. It is told without the lock. */
			descriptor == ISSUED && looped;
			calling = true;
			terminate = issued && !terminating
		}
		atomic {
			assert(!terminate || ends == 0);
			calling = false
		}
	od
}

active proctype controller_stop_work()
{
end:
	do
	:: atomic {
			queued;
			queued = false
		}
		/* wait_for_callbacks() */
		!calling && !writing;
		atomic {
			assert(terminating);
			controller_end(status);
			if
			:: routine ->
				tell_end()
			:: else
			fi
		}
	od
}
