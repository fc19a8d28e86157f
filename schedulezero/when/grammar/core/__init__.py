"""What every part of the grammar builds on: tokens, the chart parser, and the pieces that it makes."""
