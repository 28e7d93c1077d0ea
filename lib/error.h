/*
 * What actions return: 0 or one of these, negated.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

enum {
	EAGAIN = 11,	/* it changed under us: look again */
	ENOMEM = 12,	/* no frame left */
	EACCES = 13,	/* an experiment was denied what it needs */
	EFAULT = 14,	/* no such address, or no such right */
	EBUSY = 16,	/* somebody else holds a reference */
	ENODEV = 19,	/* the machine has no such thing */
	EINVAL = 22,	/* not one of the accepted values */
};

#endif
