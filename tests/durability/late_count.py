"""A server that counts calls in a second transaction: the test of accounts must find it out.

Run as `python late_count.py before|after CLOCK_FILE serve … DATABASE`, for it counts before or
after it answers. Else like `leasehold serve`, at a free port.
"""
