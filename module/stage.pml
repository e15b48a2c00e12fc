/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stage: a model of a transaction in stage.c and reserve.c, and of its end in
 * transaction.c, for userspace/vm/models. Two CPUs, one transaction of up to two
 * transfers, one map register, which others want too. It is reserved, executed,
 * completed, cancelled, released and deleted, on any CPU, also in callbacks, over and
 * over.
 *
 * What C does under transaction->lock, or under adapter->lock, is one step here; between
 * two of them anything may happen on the other CPU. Labels, and what is not said to be
 * the model's own, have the names that they have in C. Because functions call each other
 * in circles, a CPU has a stack: of who shall be returned to, and a bit to remember.
 *
 * The driver keeps to its side: it completes what program_dma has got, or too often; it
 * releases and executes anew when the state says that the last execution is over; it
 * deletes when it has been told how that ended; and all this only when its release or
 * free_reservation has returned. Everything else, and cancel, comes at any time.
 *
 * Left out: bytes, elements and links; initialization is a part of execute; the line,
 * of which adapter.pml is the model, is just this transaction and others who take and
 * give the register at any time.
 */
#define STACK		16
#define CALLBACKS	5	/* as deep as a callback calls */

mtype = { RESERVED, TRANSFER, COMPLETED, FAILED, RELEASED, DELETED };
mtype = { IDLE, WAITING, GRANTED, FREEING };

/* struct dmabay_adapter */
bool map_registers_free = true;
bool draining;

/* struct dmabay_channel; the routine is the reservation's, or the execution's */
mtype channel = IDLE;
bool mapped;
bool routine_reserves;

/* struct dmabay_transaction */
bool takes_lists;
byte kref = 1;
mtype state = RELEASED;
bool reserved_registers;
bool reservation_pending;
bool reservation_withdrawn;
bool held_registers;
byte transferred;
bool programmed;
bool request_begun;
bool staging;
bool restage;
byte execute_status;	/* whose, or 0 */

/* The model's own, for its claims */
bool alive = true;	/* the driver has not deleted it */
byte open;		/* executions that began, and nobody has said yet how they ended */
bool reserving;		/* a reservation was asked for, and nobody has said what became of it */
byte requests;		/* begun, not ended */
bool given;		/* the device has what is programmed, */
bool unheard;		/* or program_dma is still to be called for it */
bool programming;	/* program_dma runs */
bool releasing;		/* release or free_reservation has not returned */
bool others;		/* others have the register */
byte status;		/* what is where execute_status points: a failure, a bit each */
byte busy;		/* CPUs in a call */

/* It may be looked at: somebody has a reference. */
inline touch() { assert(kref > 0) }
inline get() { touch(); kref++ }
inline put() { touch(); kref-- }

/* Someone is told how an execution ended: it has begun, and nobody was told before. */
inline tell() { assert(open > 0); open-- }

/* stage_claim() */
inline stage_claim()
{
	owner = !staging;
	restage = restage || staging;
	staging = true
}

/* dmabay_reservation_give_up() */
inline give_up()
{
	if
	:: !reservation_pending ->
		held = reserved_registers
	:: else ->
		if
		:: channel == WAITING ->
			channel = IDLE;
			withdrawn = true
		:: else ->
			reservation_withdrawn = true
		fi;
		reserving = false
	fi;
	reservation_pending = false;
	reserved_registers = false
}

/* Where to return to */
#define TO_DRAIN	0
#define TO_CALLBACK	1	/* flag: of program_dma */
#define TO_ASKED	2
#define TO_REFUSED	3
#define TO_RESERVED	4
#define TO_STAGED	5
#define TO_STAGE_FAILED	6
#define TO_GRANTED	7	/* of a stage_run() that a grant began */
#define TO_RETURNED	8
#define TO_EXECUTED	9
#define TO_ENDED	10
#define TO_FINISHED	11
#define TO_FINISH	12	/* flag: completed */
#define TO_NEXT		13
#define TO_TELL		14
#define TO_CANCELLED	15	/* flag: an execution */
#define TO_LEFTOVER	16	/* flag: one more reference to put */
#define TO_FREED	17	/* likewise */
#define TO_HANDED_BACK	18
#define TO_FINISH_UNTOLD	19

/* Where a call of execute keeps its status, on its stack. */
#define me	((_pid - 1) * 4 + mine)

inline call(where, remember)
{
	assert(depth < STACK);
	stack[depth] = (where) * 2 + (remember);
	depth++
}

/* What must be so when no CPU is in a call. */
inline quiet()
{
	/* Nothing is lost: who waits does so for a register that is not there. */
	assert(channel != WAITING || !map_registers_free);
	/* An execution that has not ended is with the device, or in line. */
	assert(!open || given || channel == WAITING);
	assert(!reserving || channel == WAITING);
	assert(!reservation_withdrawn || channel == WAITING);
	assert(!staging && !restage && !execute_status && !status && !draining);
	assert(open == (state == TRANSFER));
	assert(requests == request_begun && (open || !requests));
	/* References and registers are where they should be. */
	assert(kref == alive + (channel == WAITING));
	assert(map_registers_free + others + (channel == GRANTED) == 1);
	assert((channel == GRANTED) == (held_registers || reserved_registers && !reservation_pending));
	assert(mapped == given)
}

/* tell_execute(): what is still untold then is for the failed callback. */
inline tell_execute()
{
	if
	:: untold ->
		/* Nobody has begun it anew. */
		assert(state == FAILED);
		if
		:: execute_status ->
			status = status | (1 << (execute_status - 1));
			untold = false
		:: else
		fi
	:: else
	fi
}

/* reserve_prepare() */
inline reserve_prepare()
{
	touch();
	if
	:: reservation_withdrawn ->
		state = FAILED;
		goto back
	:: else
	fi;
	state = RESERVED;
	reserved_registers = true;
	reservation_pending = true;
	reserving = true;
	get()
}

/* execute_begin(); a request may go with it */
inline execute_begin()
{
	touch();
	if
	:: !reserved_registers && reservation_withdrawn ->
		state = FAILED;
		goto back
	:: else
	fi;
	state = TRANSFER;
	open++;
	transferred = 0;
	if
	:: request = true
	:: request = false
	fi;
	request_begun = request;
	execute_status = 0;
	if
	:: reserved_registers && request ->
		goto execute_reserved
	:: reserved_registers && !request ->
		goto stage_or_leave
	:: else ->
		mine++;
		assert(mine <= 4);
		execute_status = me
	fi
}

/* claim_transfer() */
inline claim_transfer()
{
	touch();
	if
	:: state != TRANSFER || !programmed ->
		goto back
	:: else
	fi;
	programmed = false;
	given = false;
	transferred++
}

/* cancel_prepare(), dmabay_adapter_withdraw() */
inline cancel_prepare()
{
	touch();
	if
	:: !reservation_pending && state != TRANSFER -> goto back
	:: channel != WAITING -> goto back
	:: else
	fi;
	channel = IDLE;
	flag = state == TRANSFER;
	state = FAILED;
	reserved_registers = false;
	reservation_pending = false;
	reserving = false;
	request = request_begun;
	request_begun = false
}

/* The locked part of dmabay_transaction_release() */
inline release_begin()
{
	touch();
	if
	:: reservation_pending -> give_up()
	:: else
	fi;
	releasing = true;
	unlink = reserved_registers;
	state = RELEASED;
	flag = false
}

/* The locked part of dmabay_transaction_free_reservation() */
inline free_reservation_begin()
{
	get();
	releasing = true;
	give_up();
	state = RELEASED;
	flag = true
}

/* The locked part of dmabay_transaction_delete(): the driver's reference goes at the end */
inline delete_begin()
{
	touch();
	give_up();
	state = DELETED;
	alive = false;
	flag = true
}

/* A CPU: a driver's calls, and what they call; each label says which function it is. */
proctype cpu()
{
	byte stack[STACK], depth, to, mine;
	bool flag, ret, owner, held, unlink, request, withdrawn, untold;

	goto end_driver_calls;

	/* In a callback the driver calls something, or returns. */
callback:
	if
	:: atomic { depth < CALLBACKS -> call(TO_CALLBACK, flag); goto end_driver_calls }
	:: atomic { flag -> goto program_dma_returns }
	:: atomic { !flag -> goto back }
	fi;

	/* Nothing waits for a driver to call. Each call with its first locked section. */
end_driver_calls:
	atomic {
		busy = busy + !depth;
		if
		:: goto back
		:: map_registers_free && channel != WAITING ->
			map_registers_free = false;
			others = true;
			goto back
		:: others ->
			others = false;
			map_registers_free = true;
			goto adapter_drain
		:: alive && !releasing && !takes_lists && state == RELEASED &&
		   !reserved_registers ->
			reserve_prepare();
			goto reserve
		:: alive && (state == RELEASED || (state == RESERVED && !reservation_pending)) &&
		   !releasing ->
			execute_begin();
			goto execute
		:: alive && !unheard ->
			claim_transfer();
			goto completed
		:: alive && state != RELEASED ->
			cancel_prepare();
			goto cancel
		:: alive && state != TRANSFER && !releasing && state != RELEASED ->
			release_begin();
			goto release
		:: alive && state != TRANSFER && !releasing && !takes_lists ->
			free_reservation_begin();
			goto free_reservation
		:: alive && !open && !releasing ->
			delete_begin();
			goto delete
		fi
	}

	/* dmabay_transaction_reserve(), reserve_prepare() */
reserve:
	atomic {
		flag = true;
		call(TO_RESERVED, 0);
		goto adapter_ask
	}
	/* reserve_refused() */
reserve_refused:
	atomic {
		touch();
		if
		:: !reservation_withdrawn ->
			assert(state == RESERVED);
			state = FAILED;
			reserved_registers = false;
			reservation_pending = false;
			reserving = false
		:: else
		fi;
		reservation_withdrawn = false
	}
	goto put_and_back;

	/* reserve_granted(); it calls back from where the lock is dropped */
reserve_granted:
	atomic {
		touch();
		reservation_pending = false;
		if
		:: reservation_withdrawn ->
			call(TO_HANDED_BACK, 0);
			goto adapter_free
		:: else ->
			call(TO_RETURNED, 0);
			/* Asked for, and not given up. */
			assert(reserving);
			reserving = false;
			flag = false;
			goto callback
		fi
	}

handed_back:
	atomic {
		touch();
		reservation_withdrawn = false
	}
	goto put_and_back;

	/* dmabay_transaction_execute(), execute_begin(); a request may go with it */
execute:
	/* execute_unreserved() */
	atomic {
		requests = requests + request;
		request = false;
		get();
		call(TO_EXECUTED, 0);
		goto ask_registers
	}
executed:
	atomic {
		touch();
		if
		:: execute_status == me -> execute_status = 0
		:: else
		fi;
		ret = ret || (status & (1 << (me - 1)));
		status = status & ~(1 << (me - 1));
		mine--
	}
	atomic {
		put();
		goto told_if_failed
	}
execute_reserved:
	atomic {
		requests++;
		request = false
	}

	/* Staging, for execute or a completion: whoever is at it already does this too. */
stage_or_leave:
	atomic {
		touch();
		stage_claim();
		if
		:: owner ->
			call(TO_TELL, 0);
			goto stage_run
		:: else ->
			goto back
		fi
	}
told_if_failed:
	atomic {
		if
		:: ret -> tell()
		:: else
		fi;
		goto back
	}

	/* ask_registers() */
ask_registers:
	atomic {
		get();
		flag = false;
		call(TO_REFUSED, 0);
		goto adapter_ask
	}

	/* dmabay_adapter_ask() */
adapter_ask:
	atomic {
		touch();
		ret = false;
		if
		:: channel != IDLE ->
			assert(false)
		:: channel == IDLE && map_registers_free ->
			routine_reserves = flag;
			map_registers_free = false;
			channel = GRANTED;
			call(TO_ASKED, 0);
			goto routine
		:: channel == IDLE && !map_registers_free ->
			/* with DMABAY_CHANNEL_IMMEDIATE */
			ret = true
		:: channel == IDLE && !map_registers_free ->
			routine_reserves = flag;
			channel = WAITING
		fi;
		goto back
	}

	/* adapter_run() */
routine:
	atomic {
		touch();
		if
		:: routine_reserves -> goto reserve_granted
		:: else
		fi
	}
	/* registers_granted() */
	atomic {
		touch();
		held_registers = true;
		stage_claim();
		if
		:: owner ->
			call(TO_GRANTED, 0);
			goto stage_run
		:: else ->
			goto put_and_back
		fi
	}
	/* stage_run() */
stage_run:
	get();
stage_one:
	atomic {
		touch();
		owner = false;
		if
		:: takes_lists && !held_registers ->
			call(TO_STAGED, 0);
			goto ask_registers
		:: else
		fi
	}
	/* map_and_program() */
	atomic {
		touch();
		assert(channel == GRANTED && !mapped);
		if
		:: ret = true;
			goto staged
		:: mapped = true
		fi
	}
	atomic {
		touch();
		programmed = true;
		unheard = true
	}
	atomic {
		/* One at a time, of an execution that nobody has ended. */
		assert(!programming && open && state == TRANSFER && programmed && !given);
		programming = true;
		unheard = false;
		given = true;
		flag = true;
		goto callback
	}
program_dma_returns:
	atomic {
		programming = false;
		flag = false;
		ret = false
	}
staged:
	atomic {
		touch();
		owner = restage;
		restage = false;
		staging = owner;
		if
		:: owner ->
			/* A failure would be forgotten. */
			assert(!ret);
			goto stage_one
		:: !owner && ret ->
			flag = false;
			untold = stack[depth - 1] / 2 == TO_GRANTED;
			call(TO_STAGE_FAILED, 0);
			goto transaction_finish
		:: else
		fi
	}
put_and_back:
	atomic {
		put();
		goto back
	}

	/* transaction_finish(); flag: completed */
transaction_finish:
	get();
	/* give_held() */
	atomic {
		touch();
		held = held_registers;
		held_registers = false;
		if
		:: held ->
			held = false;
			call((untold -> TO_FINISH_UNTOLD : TO_FINISH), flag);
			untold = false;
			goto adapter_free
		:: else
		fi
	}
finish:
	atomic {
		touch();
		assert(state == TRANSFER && channel != WAITING);
		if
		:: flag -> state = COMPLETED
		:: else -> state = FAILED
		fi;
		flag = false;
		request = request_begun;
		request_begun = false;
		tell_execute()
	}
	atomic {
		assert(requests >= request);
		requests = requests - request;
		request = false;
		if
		:: untold ->
			untold = false;
			tell();
			call(TO_RETURNED, 0);
			goto callback
		:: else -> goto put_and_back
		fi
	}

	/* transaction_complete(), claim_transfer() */
completed:
	atomic {
		touch();
		assert(mapped);
		mapped = false;
		if
		:: transferred < 2 ->
			goto stage_next
		:: flag = true	/* nothing is left, or it is final */
		:: flag = false	/* an impossible length */
		fi;
		call(TO_FINISHED, 0);
		goto transaction_finish
	}

	/* stage_next() */
stage_next:
	atomic {
		if
		:: !takes_lists -> goto stage_or_leave
		:: else
		fi;
		touch();
		held = held_registers;
		held_registers = false;
		if
		:: held ->
			held = false;
			call(TO_NEXT, 0);
			goto adapter_free
		:: else -> goto stage_or_leave
		fi
	}

	/* dmabay_transaction_cancel(), cancel_prepare(), dmabay_adapter_withdraw() */
cancel:
	atomic {
		requests = requests - request;
		request = false;
		call(TO_CANCELLED, flag);
		flag = false;
		goto adapter_drain
	}

	/* dmabay_transaction_release() */
release:
	atomic {
		if
		:: unlink -> touch()
		:: else
		fi;
		unlink = false;
		goto leftover
	}

	/* dmabay_transaction_free_reservation() */
free_reservation:

	/* dmabay_transaction_delete(); the driver's reference goes at the end */
delete:

	/* dmabay_leftover_free(), and a last reference */
leftover:
	atomic {
		if
		:: withdrawn ->
			withdrawn = false;
			touch();
			call(TO_LEFTOVER, flag);
			goto adapter_drain
		:: held ->
			held = false;
			touch();
			call(TO_FREED, flag);
			goto adapter_free
		:: else
		fi
	}
left_over:
	atomic {
		releasing = false;
		if
		:: flag ->
			flag = false;
			goto put_and_back
		:: else -> goto back
		fi
	}

	/* adapter_free() */
adapter_free:
	atomic {
		touch();
		assert(channel == GRANTED && !mapped);
		channel = FREEING
	}
	atomic {
		touch();
		map_registers_free = true;
		channel = IDLE
	}

	/* dmabay_adapter_drain() */
adapter_drain:
	atomic {
		if
		:: draining -> goto back
		:: else
		fi;
		draining = true;
		goto drain_next
	}
drain_next:
	atomic {
		if
		:: channel == WAITING && map_registers_free ->
			touch();
			map_registers_free = false;
			channel = GRANTED;
			call(TO_DRAIN, 0);
			goto routine
		:: else
		fi;
		draining = false;
		goto back
	}

back:
	atomic {
		owner = false;
		held = false;
		request = false;
		withdrawn = false;
		flag = false;
		if
		:: depth == 0 ->
			ret = false;
			busy--;
			if
			:: !busy -> quiet()
			:: else
			fi;
			goto end_driver_calls
		:: else
		fi;
		depth--;
		to = stack[depth] / 2;
		flag = stack[depth] % 2;
		stack[depth] = 0;
		if
		:: to == TO_DRAIN -> to = 0; ret = false; goto drain_next
		:: to == TO_CALLBACK -> to = 0; goto callback
		:: to == TO_ASKED -> to = 0; ret = false; goto back
		:: to == TO_REFUSED && ret -> to = 0; goto put_and_back
		:: to == TO_REFUSED && !ret -> to = 0; goto back
		:: to == TO_RESERVED && ret -> to = 0; goto reserve_refused
		:: to == TO_RESERVED && !ret -> to = 0; goto back
		:: to == TO_STAGED -> to = 0; goto staged
		:: to == TO_STAGE_FAILED -> to = 0; ret = true; goto put_and_back
		:: to == TO_GRANTED -> to = 0; ret = false; goto put_and_back
		:: to == TO_RETURNED -> to = 0; goto put_and_back
		:: to == TO_EXECUTED && ret -> to = 0; call(TO_ENDED, 0); goto transaction_finish
		:: to == TO_EXECUTED && !ret -> to = 0; goto executed
		:: to == TO_ENDED -> to = 0; ret = true; goto executed
		:: to == TO_FINISHED -> to = 0; tell(); goto back
		:: to == TO_FINISH -> to = 0; goto finish
		:: to == TO_FINISH_UNTOLD -> to = 0; untold = true; goto finish
		:: to == TO_NEXT -> to = 0; goto stage_or_leave
		:: to == TO_TELL -> to = 0; goto told_if_failed
		:: to == TO_CANCELLED && flag -> to = 0; flag = false; put(); tell(); goto back
		:: to == TO_CANCELLED && !flag -> to = 0; goto put_and_back
		:: to == TO_LEFTOVER -> to = 0; put(); goto left_over
		:: to == TO_HANDED_BACK -> to = 0; goto handed_back
		:: to == TO_FREED -> to = 0; goto left_over
		fi
	}
}

init
{
	atomic {
		if
		:: takes_lists = true
		:: takes_lists = false
		fi;
		run cpu();
		run cpu()
	}
}
