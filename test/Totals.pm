package Totals;

# prove's own harness, which closes with the line "N passed, N failed".
# Tests that were planned and not run have failed. A program that ends badly
# though none of its tests failed is one failure, and so is each failure that
# FAILED_BEFORE counts.

use strict;
use warnings;
use parent 'TAP::Harness';

sub summary {
	my ($self, $aggregate) = @_;
	my $failed = $aggregate->failed + ($ENV{FAILED_BEFORE} // 0);

	$self->SUPER::summary($aggregate);
	for my $program (grep { $_->has_problems } $aggregate->parsers) {
		my $missing = ($program->tests_planned // 0)
			- ($program->tests_run // 0);
		$failed += $missing > 0 ? $missing : $program->failed ? 0 : 1;
	}
	# Nothing ran: that is no success.
	$failed ||= 1 unless $aggregate->total;
	printf "%d passed, %d failed\n", scalar $aggregate->passed, $failed;
	return;
}

1;
