package suite

// The function that runs BillingTestSuite is in billing_run_test.go.
func (suite *BillingTestSuite) TestInvoice() {
	suite.Require().NotNil(suite)
}
