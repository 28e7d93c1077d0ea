package Totals;

# prove's own harness, which closes with what failed: file, name, reason and
# the command that runs it again; then the line "N passed, N failed".
# Tests that were planned and not run have failed. A program that ends badly
# though none of its tests failed is one failure, and so is each of
# FAILED_BEFORE, which are lines.
#
# A reason is what the program says around the failed test: comments of TAP,
# other lines, and the end of its standard error. It may give the command for
# this test alone as a comment: "# again: COMMAND".

use strict;
use warnings;
use parent 'TAP::Harness';
use File::Temp ();

use constant REASON_LINES => 25;

sub new {
	my ($class, $options) = @_;
	my $self = $class->SUPER::new($options);

	$self->{errors} = File::Temp->newdir;
	$self->{seen} = {};		# parser -> { name, failed, said }
	# Each program runs as itself, with a standard error of its own, and ends
	# when prove does. The standard error that prove reads stays open beside
	# it: prove takes its end for output, and then waits for no other program.
	$self->exec(sub {
		my (undef, $program) = @_;
		return ['setpriv', '--pdeathsig', 'TERM',
			'sh', '-c', 'exec "$0" 9>&2 2>"$1"',
			$program =~ m{/} ? $program : "./$program",
			$self->error_file($program)];
	});
	$self->callback(made_parser => sub {
		my ($parser, $job) = @_;
		$self->listen($parser, $job->[1] // $job->[0]);
	});
	return $self;
}

# The others go on when one gives up ("Bail out!").
sub _bailout {
	return;
}

# Where the standard error of a program is kept.
sub error_file {
	my ($self, $program) = @_;

	$program =~ s{[^\w.-]}{_}g;
	return "$self->{errors}/$program";
}

sub listen {
	my ($self, $parser, $name) = @_;
	my $seen = $self->{seen}{$parser} = {
		name => $name, failed => [], said => [],
	};

	# What is said before a test is its own, unless a failed one went ahead.
	$parser->callback(ALL => sub {
		my ($result) = @_;
		$parser->_add_error('gave up') if $result->is_bailout;
		if (!$result->is_test) {
			push @{$seen->{said}}, $result->as_string
				if $result->is_comment || $result->is_unknown
				|| $result->is_yaml || $result->is_bailout;
			return;
		}
		my $before = $seen->{said};
		$seen->{said} = [];
		return if $result->is_ok;
		my @own = @{$seen->{failed}} && $seen->{failed}[-1]{next}
			== $result->number ? () : @$before;
		$seen->{said} = [];
		push @{$seen->{failed}}, {
			text => sprintf('%d %s', $result->number,
					$result->description),
			next => $result->number + 1,
			before => \@own,
			after => $seen->{said},
		};
	});
	return;
}

# The last of these lines, indented.
sub tail {
	my @lines = map { s/\s+$//r } @_;
	my $more = @lines - REASON_LINES;

	@lines = ("... and $more lines before", @lines[-REASON_LINES .. -1])
		if $more > 0;
	print map { "      $_\n" } @lines;
	return;
}

# What is wrong with the program as a whole, a line each.
sub complaints {
	my ($program) = @_;
	my @found;

	push @found, sprintf 'ended by signal %d', $program->wait & 127
		if ($program->wait // 0) & 127;
	push @found, sprintf 'ended with status %d', $program->exit
		if $program->exit && !(($program->wait // 0) & 127);
	push @found, $program->parse_errors;
	return @found;
}

sub again {
	my ($name, @said) = @_;

	for (@said) {
		return $1 if /^#\s*again: (.*?)\s*$/;
	}
	my $build = $ENV{BUILD} // 'build';
	my $where = $build eq 'build' ? '' : "BUILD=$build ";
	$where .= 'CMOCKA_MESSAGE_OUTPUT=TAP ' if -B $name;
	return "${where}prove --exec '' -v $name";
}

sub report {
	my ($self, $program) = @_;
	my $seen = $self->{seen}{$program};
	my $name = $seen->{name};
	my $error;

	for my $test (@{$seen->{failed}}) {
		my @said = (@{$test->{before}}, @{$test->{after}});
		print "  $name: $test->{text}\n";
		tail(grep { !/^#\s*again: / } @said);
		print "    again: ", again($name, @said), "\n";
	}
	my @wrong = complaints($program);
	if (open my $file, '<', $self->error_file($name)) {
		$error = join '', <$file>;
	}
	# A status that says no more than the failed tests do is not a reason.
	return if @{$seen->{failed}} && !grep { !/status/ } @wrong;
	print "  $name: ", join('; ', @wrong), "\n";
	tail(@{$seen->{said}}, split /\n/, $error // '');
	print "    again: ", again($name), "\n";
	return;
}

sub summary {
	my ($self, $aggregate) = @_;
	my @before = split /\n/, $ENV{FAILED_BEFORE} // '';
	my @bad = grep { $_->has_problems } $aggregate->parsers;
	my $failed = $aggregate->failed + @before;

	$self->SUPER::summary($aggregate);
	print "What failed:\n" if @before || @bad;
	print map { "  $_\n" } @before;
	for my $program (@bad) {
		my $missing = ($program->tests_planned // 0)
			- ($program->tests_run // 0);
		$failed += $missing > 0 ? $missing : $program->failed ? 0 : 1;
		$self->report($program);
	}
	# Nothing ran: that is no success.
	$failed ||= 1 unless $aggregate->total;
	printf "%d passed, %d failed\n", scalar $aggregate->passed, $failed;
	return;
}

1;
