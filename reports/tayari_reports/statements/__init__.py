"""What people say beside what was measured: the go-live checklist, and which waivers count."""
