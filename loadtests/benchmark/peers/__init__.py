"""The same feed on other servers, to tell what a delivery costs from what this lab's servers make of it."""
