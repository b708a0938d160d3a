fn main() {}

#[cfg(test)]
mod tests {
	#[test]
	fn tabs() {
		assert_eq!(1, 1);
	}
}
