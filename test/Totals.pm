package Totals;

# prove's own harness, which closes with the line "N passed, N failed".
# A program that dies, or does not keep its plan, though none of its tests
# failed, is one failure; so is each failure that FAILED_BEFORE counts.

use strict;
use warnings;
use parent 'TAP::Harness';

sub summary {
	my ($self, $aggregate) = @_;
	my $failed = $aggregate->failed + ($ENV{FAILED_BEFORE} // 0);

	$self->SUPER::summary($aggregate);
	$failed += grep { $_->has_problems && !$_->failed }
		$aggregate->parsers;
	# Nothing ran: that is no success.
	$failed ||= 1 unless $aggregate->total;
	printf "%d passed, %d failed\n", scalar $aggregate->passed, $failed;
	return;
}

1;
