#include "lib/step.h"

const char *const step_names[STEP_COUNT] = {
#define STEP_NAME(name) #name,
	STEPS(STEP_NAME)
#undef STEP_NAME
};

struct static_key step_key;
static struct step_listener *step_listeners;

void step_listen(struct step_listener *listener)
{
	listener->next = step_listeners;
	WRITE_ONCE(step_listeners, listener);
	static_key_set(&step_key, true);
}

void step_unlisten(struct step_listener *listener)
{
	struct step_listener **link = &step_listeners;

	while (*link && *link != listener)
		link = &(*link)->next;
	if (*link)
		WRITE_ONCE(*link, listener->next);
	static_key_set(&step_key, step_listeners);
}

void step_tell(enum step step, const void *object, u64 subject, u64 from,
	       u64 to)
{
	const struct step_event event = { step, object, subject, from, to };
	struct step_listener *listener;

	for (listener = step_listeners; listener; listener = listener->next)
		listener->hear(listener, &event);
}
