"""What people ask of the nights: is it fresh, what is live and why, a user's list, two batches side by side"""
