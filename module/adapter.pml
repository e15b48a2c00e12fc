/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapter: a model of the line in adapter.c, for userspace/vm/models. Two CPUs, three
 * channels, three map registers; whatever the CPUs do, in any order and for ever.
 *
 * What C does under adapter->lock is one step here; between two of them anything may
 * happen on the other CPU. Labels, and what is not said to be the model's own, have the
 * names that they have in C. Because functions call each other in circles (free, drain,
 * run, a routine that frees), a CPU has a stack: of who shall be returned to, and for
 * which channel.
 *
 * A channel is the driver's. What the driver may do with it when is the variable "with";
 * one of map registers only may be freed as soon as its routine has begun, on the other
 * CPU too, and each may be asked for again as soon as it is free, in its routine too.
 *
 * Left out: closing, mapping, the provider, and the order of memory accesses, which is
 * the lock's.
 */
#define REGISTERS	3
#define NOBODY		3
#define STACK		7
#define ROUTINES	2	/* as deep as a routine asks */
#define BEFORE		255

/* Two of them do not fit together, and a small one must not overtake. */
#define map_registers(c)	(c == 1 -> 1 : 2)
#define registers_only(c)	(c == 0)

mtype = { IDLE, WAITING, GRANTED, FREEING };
mtype = { KEEP_OBJECT, DEALLOCATE_OBJECT, DEALLOCATE_OBJECT_KEEP_REGISTERS };
/* Whose turn it is with a channel; the first is the driver's, who may ask. */
mtype = { DRIVER, ASKING, LINE, GRANT, HELD, GIVING };

/* struct dmabay_adapter, all under its lock */
byte map_registers_free = REGISTERS;
byte waiters[3] = NOBODY;
byte waiting;
byte object_owner = NOBODY;
byte object_undecided;	/* whose return decides: BEFORE it is called, then its frame */
bool draining;

/* struct dmabay_channel */
mtype state[3] = IDLE;

/* The model's own, for its claims */
mtype with[3] = DRIVER;
mtype action[3] = KEEP_OBJECT;
byte running[3];	/* routines that have not returned */
byte ahead[3];		/* who was in line when it asked, a bit each */
byte busy;		/* CPUs in a call */
byte drainers;		/* CPUs that grant the line */
byte due;		/* who made something free, or let somebody through, and will drain */

#define fits(c) (map_registers_free >= map_registers(c) && \
	(registers_only(c) || object_owner == NOBODY))
#define head_fits (waiting && fits(waiters[0]))
#define held(c) (state[c] == GRANTED || state[c] == FREEING -> map_registers(c) : 0)

/* What is true whenever the lock is free. */
inline unlock()
{
	/* Credits: none is lost, none is made, none is owed. */
	assert(map_registers_free <= REGISTERS);
	assert(map_registers_free + held(0) + held(1) + held(2) == REGISTERS);
	/* No wakeup is lost. */
	assert(!head_fits || drainers || due);
	/* Who waits is in line, once. */
	assert(waiting == (state[0] == WAITING) + (state[1] == WAITING) +
	       (state[2] == WAITING))
}

/* Out of the line, wherever it stands. */
inline list_del(c)
{
	if
	:: waiters[0] == c ->
		waiters[0] = waiters[1];
		waiters[1] = waiters[2]
	:: waiters[1] == c ->
		waiters[1] = waiters[2]
	:: waiters[2] == c
	fi;
	waiters[2] = NOBODY;
	waiting--
}

/* Nobody waits behind this one any more. */
inline leave(c)
{
	ahead[0] = ahead[0] & ~(1 << c);
	ahead[1] = ahead[1] & ~(1 << c);
	ahead[2] = ahead[2] & ~(1 << c)
}

/* adapter_grant(), when the channel fits; and the claims about a grant. */
inline adapter_grant(c, routine)
{
	map_registers_free = map_registers_free - map_registers(c);
	if
	:: !registers_only(c) ->
		object_owner = c;
		object_undecided = (routine -> BEFORE : 0)
	:: else
	fi;
	state[c] = GRANTED;

	/* Who asks first is granted first, and never twice. */
	assert(ahead[c] == 0);
	assert(with[c] == LINE || with[c] == ASKING);
	with[c] = (routine -> GRANT : HELD);
	action[c] = (registers_only(c) -> DEALLOCATE_OBJECT_KEEP_REGISTERS : KEEP_OBJECT);
	leave(c)
}

/* may_free() */
#define may_free(c) (state[c] == GRANTED && \
	((object_owner == c && object_undecided) || \
	 ((object_owner == c) == (action[c] != DEALLOCATE_OBJECT_KEEP_REGISTERS))))

/* However often it is asked for again while a routine runs, two are enough to see. */
#define may_reuse(c)	(running[c] < 2)

/* A routine that runs, on this CPU. */
#define frame	(_pid * STACK + depth + 1)

/* Where to return to */
#define TO_DRIVER	0
#define TO_DRAIN	1
#define TO_FREED	2
#define TO_ROUTINE	3

inline call(to)
{
	assert(depth < STACK);
	stack[depth] = to * 4 + channel;
	depth++
}

/* What a driver may do with a channel. */
#define driver_call(c) \
	:: atomic { with[c] == DRIVER && may_reuse(c) -> \
		busy++; with[c] = ASKING; channel = c; immediate = false; goto adapter_ask } \
	:: atomic { with[c] == DRIVER && may_reuse(c) -> \
		busy++; with[c] = ASKING; channel = c; immediate = true; goto adapter_ask } \
	:: atomic { with[c] == HELD && (registers_only(c) || !running[c]) -> \
		busy++; with[c] = GIVING; channel = c; goto adapter_free } \
	:: atomic { with[c] == HELD && action[c] == KEEP_OBJECT && !running[c] -> \
		busy++; with[c] = GIVING; channel = c; goto adapter_free_object } \
	:: atomic { with[c] == LINE || with[c] == GRANT || with[c] == HELD -> \
		busy++; channel = c; goto adapter_withdraw }

/* A CPU: a driver's calls, and what they call. */
active [2] proctype cpu()
{
	byte stack[STACK], depth, channel, next;
	mtype said;
	bool immediate, undecided, drains;

	/* Nothing waits for a driver to call. */
end_driver:
	if
	driver_call(0)
	driver_call(1)
	driver_call(2)
	fi;

	/* dmabay_adapter_ask(); immediate is also without a routine */
adapter_ask:
	atomic {
		assert(state[channel] == IDLE);
		if
		:: !waiting && fits(channel) ->
			adapter_grant(channel, !immediate);
			unlock();
			if
			:: immediate -> goto back
			:: else -> goto adapter_run
			fi
		:: else ->
			if
			:: immediate ->
				with[channel] = DRIVER
			:: else ->
				ahead[channel] = (state[0] == WAITING) | (state[1] == WAITING) << 1 |
						 (state[2] == WAITING) << 2;
				state[channel] = WAITING;
				waiters[waiting] = channel;
				waiting++;
				with[channel] = LINE
			fi;
			unlock();
			goto back
		fi
	}

	/* adapter_run() up to the return of the routine, and all that routines do */
adapter_run:
	atomic {
		/* Once, and never after cancel said true. */
		assert(with[channel] == GRANT);
		running[channel]++;
		if
		:: registers_only(channel)
		:: else -> object_undecided = frame
		fi;
		if
		:: with[channel] = HELD;
			action[channel] = DEALLOCATE_OBJECT_KEEP_REGISTERS
		:: !registers_only(channel) ->
			with[channel] = HELD;
			action[channel] = KEEP_OBJECT
		:: !registers_only(channel) ->
			with[channel] = GIVING;
			action[channel] = DEALLOCATE_OBJECT
		:: with[channel] = GIVING;
			call(TO_FREED);
			goto adapter_free
		fi;
		said = action[channel]
	}
	goto routine_returns;

	/* A routine that has freed the channel: it may ask again, and keeps nothing. */
routine_freed:
	if
	:: atomic { with[channel] == DRIVER && depth < ROUTINES && may_reuse(channel) ->
		with[channel] = ASKING;
		call(TO_ROUTINE);
		goto adapter_ask }
	:: skip
	fi;
routine_keeps:
	said = KEEP_OBJECT;

	/* adapter_run() from there */
routine_returns:
	atomic {
		running[channel]--;
		if
		:: registers_only(channel) -> goto back
		:: else
		fi;
		undecided = object_owner == channel && object_undecided == frame;
		if
		:: undecided ->
			object_undecided = 0;
			if
			:: said == DEALLOCATE_OBJECT_KEEP_REGISTERS -> object_owner = NOBODY
			:: else
			fi
		:: else
		fi;
		if
		:: undecided && said == DEALLOCATE_OBJECT ->
			unlock();
			goto adapter_free
		:: else ->
			due++;
			unlock();
			goto adapter_drain
		fi
	}

	/* dmabay_adapter_drain() */
adapter_drain:
	atomic {
		due--;
		if
		:: draining ->
			unlock();
			goto back
		:: else
		fi;
		/* The stack does not grow with the line. */
		assert(!drains);
		drains = true;
		drainers++;
		draining = true;
		goto drain_next
	}
drain_next:
	atomic {
		if
		:: head_fits ->
			next = waiters[0];
			list_del(next);
			adapter_grant(next, true);
			unlock();
			call(TO_DRAIN);
			channel = next;
			goto adapter_run
		:: else
		fi;
		draining = false;
		drains = false;
		drainers--;
		unlock();
		goto back
	}

	/* dmabay_adapter_cancel_channel(): dmabay_adapter_withdraw(), and drain */
adapter_withdraw:
	atomic {
		if
		:: state[channel] == WAITING ->
			list_del(channel);
			state[channel] = IDLE;
			/* True: it was in line, and is not any more. */
			assert(with[channel] == LINE);
			with[channel] = DRIVER;
			leave(channel);
			due++;
			unlock();
			goto adapter_drain
		:: else ->
			/* False: it has been granted, or another cancel was first. */
			assert(with[channel] != LINE);
			goto back
		fi
	}

	/* adapter_free() */
adapter_free:
	atomic {
		assert(may_free(channel));
		state[channel] = FREEING;
		unlock()
	}
	atomic {
		map_registers_free = map_registers_free + map_registers(channel);
		if
		:: object_owner == channel -> object_owner = NOBODY
		:: else
		fi;
		state[channel] = IDLE;
		with[channel] = DRIVER;
		due++;
		unlock();
		goto adapter_drain
	}

	/* dmabay_adapter_free_object(), to keep the registers */
adapter_free_object:
	atomic {
		assert(state[channel] == GRANTED && object_owner == channel && !object_undecided);
		object_owner = NOBODY;
		action[channel] = DEALLOCATE_OBJECT_KEEP_REGISTERS;
		with[channel] = HELD;
		due++;
		unlock();
		goto adapter_drain
	}

	/* What called is gone on with; what is kept for nothing is forgotten. */
back:
	atomic {
		said = 0;
		immediate = false;
		undecided = false;
		next = 0;
		if
		:: depth == 0 ->
			busy--;
			/* Whoever was granted was told: nobody is left to do it. */
			assert(busy || (with[0] != GRANT && with[1] != GRANT && with[2] != GRANT));
			channel = 0;
			goto end_driver
		:: else
		fi;
		depth--;
		next = stack[depth] / 4;
		channel = stack[depth] % 4;
		stack[depth] = 0;
		if
		:: next == TO_DRAIN ->
			next = 0;
			goto drain_next
		:: next == TO_FREED ->
			next = 0;
			goto routine_freed
		:: next == TO_ROUTINE ->
			next = 0;
			goto routine_keeps
		fi
	}
}
