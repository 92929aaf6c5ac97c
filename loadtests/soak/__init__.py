"""The lab over hours: clients whose connections break in every way, and clients that nothing happens to."""
