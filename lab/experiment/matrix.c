#include "lab/experiment/matrix.h"

#include "lab/check/check.h"

/* What has come out so far. */
struct matrix {
	const struct options *options;
	const struct kind *kind;
	u32 number;		/* of the last cell */
	u32 count;		/* of all; 0: they are only counted */
	bool good;		/* every policy was */
	u64 tried, caught;	/* mutants */
};

/* The next cell: is it to be run? */
static bool is_due(struct matrix *matrix)
{
	return ++matrix->number >= matrix->options->first && matrix->count;
}

static enum verdict try_cell(const struct matrix *matrix, u32 subject,
			struct policy policy, const struct mutant *mutant)
{
	return matrix->kind->run(&(struct cell){
		.options = matrix->options, .subject = subject,
		.policy = policy, .mutant = mutant,
		.number = matrix->number, .count = matrix->count,
	});
}

static void try_policies(struct matrix *matrix, u32 subject)
{
	const struct options *options = matrix->options;
	const struct policy *policy;
	enum verdict verdict;
	u32 i;

	for (i = 0; (policy = options_policy(options, i)); i++) {
		if (!(options->policies & 1ull << i) || !is_due(matrix))
			continue;
		verdict = try_cell(matrix, subject, *policy, NULL);
		matrix->good &= verdict_is_good(verdict);
	}
}

static void try_mutants(struct matrix *matrix, u32 subject)
{
	const struct options *options = matrix->options;
	enum verdict verdict;
	u32 i;

	for (i = 0; i < mutant_count; i++) {
		if (!(options->mutants & 1ull << i) ||
		    !matrix->kind->shows(options, subject, &mutants[i]) ||
		    !is_due(matrix))
			continue;
		matrix->tried |= 1ull << i;
		verdict = try_cell(matrix, subject, mutant_policy(&mutants[i]),
				   &mutants[i]);
		if (verdict_catches(verdict) ||
		    (verdict == VERDICT_DIED && check_total()))
			matrix->caught |= 1ull << i;
	}
}

static void for_each_cell(struct matrix *matrix)
{
	u32 i;

	matrix->number = 0;
	for (i = 0; i < matrix->kind->subject_count(); i++) {
		if (!matrix->kind->is_asked(i))
			continue;
		try_policies(matrix, i);
		try_mutants(matrix, i);
	}
}

enum machine_exit_status matrix_run(const struct options *options,
				    const struct kind *kind)
{
	struct matrix matrix = {
		.options = options, .kind = kind, .good = true,
	};

	for_each_cell(&matrix);
	matrix.count = matrix.number;
	printk("plan runs=%u\n", matrix.count);
	if (matrix.count)
		for_each_cell(&matrix);
	return matrix.good && matrix.caught == matrix.tried ?
		EXIT_COHERENT : EXIT_INCOHERENT;
}
