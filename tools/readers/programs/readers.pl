# Prints the rows of a workbook as JSON: perl readers.pl NAME FILE.
use strict;
use warnings;
use JSON::PP;

my ($name, $path) = @ARGV;
my ($book, @rows);
if ($name eq "ParseXLSX") { require Spreadsheet::ParseXLSX; $book = Spreadsheet::ParseXLSX->new->parse($path); }
else { require Spreadsheet::XLSX; $book = Spreadsheet::XLSX->new($path); }
my $sheet = $name eq "ParseXLSX" ? $book->worksheet(0) : $book->{Worksheet}[0];
for my $row (0 .. $sheet->{MaxRow}) {
    push @rows, [map { my $cell = $sheet->{Cells}[$row][$_]; $cell ? $cell->{Val} : undef } 0 .. $sheet->{MaxCol}];
}
binmode STDOUT, ":raw";
if ($name ne "ParseXLSX") { for my $row (@rows) { utf8::decode($_) for grep { defined } @$row } }
print JSON::PP->new->utf8->encode(\@rows);
